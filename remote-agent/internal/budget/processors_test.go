package budget

import "testing"

func TestProcessorsAreFew(t *testing.T) {
	for cpus, want := range map[int]int{1: 1, 2: 1, 31: 1, 32: 2, 128: 5} {
		if got := processors(cpus); got != want {
			t.Errorf("%d CPUs: %d processors, want %d", cpus, got, want)
		}
	}
}
