package budget

import (
	"testing"
	"time"
)

func TestMeasureIsOverTheSpan(t *testing.T) {
	clock := time.Unix(1000, 0)
	var process, bpf time.Duration
	known := true
	meter := &Meter{
		bpfRunTime: func() (time.Duration, bool) { return bpf, known },
		now:        func() time.Time { return clock },
		processCPU: func() (time.Duration, error) { return process, nil },
		at:         clock,
	}
	step := func(elapsed, processUsed, bpfUsed time.Duration) Usage {
		t.Helper()
		clock, process, bpf = clock.Add(elapsed), process+processUsed, bpf+bpfUsed
		usage, err := meter.Measure()
		if err != nil {
			t.Fatal(err)
		}
		if usage.ResidentBytes == 0 {
			t.Error("no memory is used")
		}
		return usage
	}
	if usage := step(10*time.Second, time.Second, 100*time.Millisecond); usage.ProcessCores != 0.1 || usage.BPFCores != 0.01 {
		t.Errorf("first span = %+v, want 0.1 and 0.01 cores", usage)
	}
	if usage := step(0, time.Second, 0); usage.ProcessCores != 0.1 {
		t.Errorf("span of no length = %+v, want the last one", usage)
	}
	if usage := step(10*time.Second, 4*time.Second, 0); usage.ProcessCores != 0.5 || usage.BPFCores != 0 {
		t.Errorf("second span = %+v, want 0.5 cores (with the second of the empty span) and 0", usage)
	}
	known = false
	if usage := step(10*time.Second, 0, 0); usage.BPFCores != -1 {
		t.Errorf("unmeasurable BPF time = %v, want -1", usage.BPFCores)
	}
}

func TestRealProcessIsMeasured(t *testing.T) {
	meter, err := NewMeter(func() (time.Duration, bool) { return 0, false })
	if err != nil {
		t.Fatal(err)
	}
	if last := meter.Last(); last.BPFCores != -1 || last.ResidentBytes == 0 {
		t.Errorf("last = %+v", last)
	}
}
