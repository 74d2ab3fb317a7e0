package symbol

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// paceWork is how much CPU time reading may take before it makes a pause, on a machine whose CPUs are all wanted.
	paceWork = 5 * time.Millisecond
	// pacePause leaves reading a tenth of one core there.
	pacePause = 9 * paceWork
)

// pace holds reading back where others want the CPUs: naming must not slow down what it names. A thread of the lowest priority
// would do that by itself, but the kernel held it off for long with a processor of the Go runtime in its hands: then every stop
// of the world waited for it, reading a program's debug information took an hour in place of a minute, and waiting cost more CPU
// time than reading. For one goroutine that is locked to its thread.
type pace struct {
	spent func() time.Duration
	busy  func() bool
	sleep func(time.Duration)
	// rested is what was spent before the last pause.
	rested time.Duration
}

func newPace() *pace {
	p := &pace{spent: threadTime, busy: machineIsBusy, sleep: time.Sleep}
	p.rested = p.spent()
	return p
}

// step makes a pause if one is due.
func (p *pace) step() {
	spent := p.spent()
	if spent-p.rested < paceWork {
		return
	}
	if p.busy() {
		p.sleep(pacePause)
	}
	p.rested = spent
}

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &at); err != nil {
		return 0 // there since Linux 2.6.12
	}
	return time.Duration(at.Nano())
}

// machineIsBusy says that more threads want to run than there are CPUs. Where that is not known it is so: slow is better than in
// the way.
func machineIsBusy() bool {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return true
	}
	running, known := runningOf(content)
	return !known || running > runtime.NumCPU()
}

// runningOf reads the fourth field of /proc/loadavg, "running/all" (proc_loadavg(5)).
func runningOf(content []byte) (int, bool) {
	fields := bytes.Fields(content)
	if len(fields) < 4 {
		return 0, false
	}
	text, _, _ := bytes.Cut(fields[3], []byte("/"))
	running, err := strconv.Atoi(string(text))
	return running, err == nil
}
