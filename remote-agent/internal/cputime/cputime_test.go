//go:build linux

package cputime

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestClockIsTheSchedulersOwn(t *testing.T) {
	clocks := New()
	self := uint32(os.Getpid())
	clocks.Track(self, false)
	clocks.Track(self, false)
	var before, after unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &before); err != nil {
		t.Fatal(err)
	}
	clocks.Take()
	for begin := time.Now(); time.Since(begin) < 50*time.Millisecond; { //nolint:revive // busy on purpose
	}
	spent := clocks.Take()[self]
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &after); err != nil {
		t.Fatal(err)
	}
	if most := time.Duration(after.Nano() - before.Nano()); spent.CPU <= 0 || spent.CPU > most || spent.Ended {
		t.Errorf("spent %+v, at most %v", spent, most)
	}
}

func TestProcessesThatEnd(t *testing.T) {
	clocks := New()
	process := exec.Command("sleep", "100")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	pid := uint32(process.Process.Pid)
	clocks.Track(pid, true)
	if spent, ok := clocks.Take()[pid]; !ok || spent.Ended {
		t.Errorf("a living process: %+v, %v", spent, ok)
	}
	_ = process.Process.Kill()
	_ = process.Wait()
	if spent := clocks.Take()[pid]; !spent.Ended {
		t.Errorf("an ended process: %+v", spent)
	}
	if _, ok := clocks.Take()[pid]; ok {
		t.Error("it is still followed")
	}
	clocks.Track(pid, false)
	if _, ok := clocks.Take()[pid]; ok {
		t.Error("a process that is gone is followed")
	}
}

func TestNumberThatIsTakenAgain(t *testing.T) {
	clocks := New()
	value := 5 * time.Second
	clocks.read = func(uint32) (time.Duration, error) { return value, nil }
	clocks.Track(7, false)
	value = 6 * time.Second
	if got := clocks.Take()[7]; got != (Spent{CPU: time.Second}) {
		t.Errorf("got %+v", got)
	}
	value = time.Second
	if got := clocks.Take()[7]; got != (Spent{Ended: true}) {
		t.Errorf("got %+v", got)
	}
	clocks.Track(8, true) // it started in this window: all that it has spent counts
	if got := clocks.Take()[8]; got != (Spent{CPU: time.Second}) {
		t.Errorf("got %+v", got)
	}
}

func BenchmarkTake(b *testing.B) {
	clocks := New()
	for pid := range uint32(5000) {
		clocks.Track(pid+1, false)
	}
	b.ReportMetric(float64(len(clocks.tracked)), "processes")
	for b.Loop() {
		clocks.Take()
	}
}
