package symbol

import (
	"testing"
	"time"
)

func TestPaceLeavesTheMachineToOthers(t *testing.T) {
	for name, test := range map[string]struct {
		busy bool
		// asleep is what a second of work sleeps.
		asleep time.Duration
	}{"busy": {true, 9 * time.Second}, "idle": {false, 0}} {
		var spent, asleep time.Duration
		p := &pace{
			spent: func() time.Duration { return spent },
			busy:  func() bool { return test.busy },
			sleep: func(pause time.Duration) { asleep += pause },
		}
		for spent < time.Second {
			spent += time.Millisecond
			p.step()
		}
		if asleep != test.asleep {
			t.Errorf("%s: asleep for %v, want %v", name, asleep, test.asleep)
		}
	}
}

func TestRunningOf(t *testing.T) {
	for text, want := range map[string]int{"0.20 0.18 0.12 1/80 11206\n": 1, "20.9 1 1 23/310 5": 23, "": -1, "1 2 3": -1, "1 2 3 x/4 5": -1} {
		got, known := runningOf([]byte(text))
		if !known {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if machineIsBusy() {
		t.Log("this machine is busy")
	}
}
