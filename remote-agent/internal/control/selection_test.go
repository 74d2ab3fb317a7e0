package control

import (
	"testing"

	"pyrometer.dev/remote-agent/internal/target"
)

func TestProcessesSayWhetherTheyAreProfiled(t *testing.T) {
	inside := target.Seen{PID: 7, ContainerIDs: []string{"inner", "outer"}}
	dropped := target.Seen{PID: 8, Identity: target.Identity{Dropped: true}}
	for _, test := range []struct {
		name       string
		seen       target.Seen
		containers []string
		pids       []uint32
		want       bool
	}{
		{"everything", inside, nil, nil, true},
		{"its container", inside, []string{"inner"}, nil, true},
		{"the container around it", inside, []string{"outer"}, nil, true},
		{"another container", inside, []string{"other"}, nil, false},
		{"itself", inside, []string{"other"}, []uint32{7}, true},
		{"another process", inside, nil, []uint32{9}, false},
		{"dropped by a rule", dropped, nil, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := processOf(&test.seen, test.containers, test.pids); got.GetProfiled() != test.want || got.GetPid() != test.seen.PID {
				t.Errorf("%+v", got)
			}
		})
	}
}
