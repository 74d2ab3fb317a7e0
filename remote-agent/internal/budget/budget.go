// Package budget measures what the agent itself costs, and bounds its memory.
package budget

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/netmeter"
)

// goShare of what is left of the ceiling without BPF maps is what the Go runtime tries to stay below, by collecting garbage
// more often; the program itself and the kernel's part are beside it. It is no hard bound: no sample is thrown away for it.
const goShare = 0.75

// mapsKept is how long the size of BPF maps stands: they seldom change, and reading it costs a twentieth of all that the agent
// does when it is done with each look.
const mapsKept = time.Minute

// garbagePercent of what is live may be garbage before it is collected (GOGC; Go's own is 100). Of half of it a collection every
// five seconds or so is the price, some hundredths of a percent of the machine.
const garbagePercent = 50

// LimitMemory sets the limit for this process, and how much garbage it bears below that.
func LimitMemory(ceilings Ceilings) {
	debug.SetGCPercent(garbagePercent)
	left := ceilings.MemoryBytes - min(bpfMapBytes(), ceilings.MemoryBytes/2)
	debug.SetMemoryLimit(int64(goShare * float64(left)))
}

// Usage is what the agent cost over a span of time.
type Usage struct {
	// ProcessCores is the user and system time of the process, of one core: 0.01 is one percent of one core.
	ProcessCores float64
	// BPFCores is the time in the agent's BPF programs on all CPUs, of one core; -1 where it cannot be measured.
	BPFCores float64
	// ResidentBytes is what the process holds in memory at the end of the span, BPFMapBytes what its maps hold beside that.
	ResidentBytes uint64
	BPFMapBytes   uint64
	// WrittenBytes went to the disk in the span, a second.
	WrittenBytes float64
	// NetworkBytes were sent and received in the span, a second.
	NetworkBytes float64
}

// Meter measures usage between two calls of Measure. Safe for concurrent use.
type Meter struct {
	// bpfRunTime is the time in BPF programs so far; false where it is not known.
	bpfRunTime func() (time.Duration, bool)
	now        func() time.Time
	processCPU func() (time.Duration, error)

	mu      sync.Mutex
	at      time.Time
	process time.Duration
	bpf     time.Duration
	written uint64
	network uint64
	// mapsAt is when the last BPFMapBytes was read.
	mapsAt time.Time
	last   Usage
}

// NewMeter begins the first span.
func NewMeter(bpfRunTime func() (time.Duration, bool)) (*Meter, error) {
	process, err := processCPU()
	if err != nil {
		return nil, err
	}
	resident, err := residentBytes()
	if err != nil {
		return nil, err
	}
	bpf, _ := bpfRunTime()
	return &Meter{
		bpfRunTime: bpfRunTime, now: time.Now, processCPU: processCPU,
		at: time.Now(), mapsAt: time.Now(), process: process, bpf: bpf, written: writtenBytes(), network: netmeter.Bytes(),
		last: Usage{BPFCores: -1, ResidentBytes: resident, BPFMapBytes: bpfMapBytes()},
	}, nil
}

// Measure ends a span, begins the next, and returns what the ended one cost. Spans of no length return the last usage.
func (m *Meter) Measure() (Usage, error) {
	process, err := m.processCPU()
	if err != nil {
		return Usage{}, err
	}
	resident, err := residentBytes()
	if err != nil {
		return Usage{}, err
	}
	bpf, bpfKnown := m.bpfRunTime()
	written, network := writtenBytes(), netmeter.Bytes()

	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if elapsed := now.Sub(m.at); elapsed > 0 {
		m.last.ProcessCores, m.last.BPFCores = float64(process-m.process)/float64(elapsed), -1
		if bpfKnown {
			m.last.BPFCores = float64(bpf-m.bpf) / float64(elapsed)
		}
		m.last.WrittenBytes = float64(written-m.written) / elapsed.Seconds()
		m.last.NetworkBytes = float64(network-m.network) / elapsed.Seconds()
		m.at, m.process, m.bpf, m.written, m.network = now, process, bpf, written, network
	}
	m.last.ResidentBytes = resident
	if now.Sub(m.mapsAt) >= mapsKept {
		m.last.BPFMapBytes, m.mapsAt = bpfMapBytes(), now
	}
	return m.last, nil
}

// Last returns what the last measured span cost.
func (m *Meter) Last() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

func processCPU() (time.Duration, error) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("read own cpu time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// residentBytes reads the second field of statm: pages in memory.
func residentBytes() (uint64, error) {
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("read own memory: %w", err)
	}
	fields := bytes.Fields(content)
	if len(fields) < 2 {
		return 0, fmt.Errorf("read own memory: malformed statm %q", content)
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read own memory: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}
