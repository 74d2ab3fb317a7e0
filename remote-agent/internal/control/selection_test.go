package control

import (
	"testing"

	"pyrometer.dev/remote-agent/internal/target"
)

func TestProcessesSayWhetherTheyAreProfiled(t *testing.T) {
	inside := target.Seen{
		PID: 7, ContainerIDs: []string{"inner", "outer"}, Identity: target.Identity{Labels: []target.Label{{Name: "service_name", Value: "web"}}},
	}
	dropped := target.Seen{PID: 8, Identity: target.Identity{Dropped: true}}
	for _, test := range []struct {
		name   string
		seen   target.Seen
		choice target.Choice
		want   bool
	}{
		{"everything", inside, target.Choice{}, true},
		{"its container", inside, target.Choice{ContainerIDs: []string{"inner"}}, true},
		{"the container around it", inside, target.Choice{ContainerIDs: []string{"outer"}}, true},
		{"another container", inside, target.Choice{ContainerIDs: []string{"other"}}, false},
		{"itself", inside, target.Choice{ContainerIDs: []string{"other"}, PIDs: []uint32{7}}, true},
		{"another process", inside, target.Choice{PIDs: []uint32{9}}, false},
		{"its service", inside, target.Choice{Services: []string{"db", "web"}}, true},
		{"another service", inside, target.Choice{Services: []string{"db", ""}}, false},
		{"dropped by a rule", dropped, target.Choice{}, false},
		{"without a service", dropped, target.Choice{Services: []string{""}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := processOf(&test.seen, test.choice); got.GetProfiled() != test.want || got.GetPid() != test.seen.PID {
				t.Errorf("%+v", got)
			}
		})
	}
}
