package probe

import (
	"slices"
	"testing"
)

func TestParseCPUList(t *testing.T) {
	for list, want := range map[string][]int{
		"0": {0}, "0-3": {0, 1, 2, 3}, "0-1,8,10-11": {0, 1, 8, 10, 11}, "5-4": nil,
	} {
		got, err := parseCPUList(list)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("parseCPUList(%q) = %v, %v, want %v", list, got, err, want)
		}
	}
	for _, list := range []string{"", "a", "0-", "-1", "0,,1", "99999999"} {
		if got, err := parseCPUList(list); err == nil {
			t.Errorf("parseCPUList(%q) = %v, want an error", list, got)
		}
	}
}

func TestOnlineCPUsAreSome(t *testing.T) {
	cpus, err := onlineCPUs()
	if err != nil || len(cpus) == 0 {
		t.Errorf("onlineCPUs = %v, %v", cpus, err)
	}
}
