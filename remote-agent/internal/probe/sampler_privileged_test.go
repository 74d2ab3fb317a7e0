package probe

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// openSampler opens a sampler in front of an unwinder that does nothing, with its own map of known processes.
func openSampler(t *testing.T) (*Sampler, *ebpf.Map) {
	t.Helper()
	if err := rlimit.RemoveMemlock(); err != nil {
		skipOrFail(t, err)
	}
	unwinder, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.PerfEvent, License: "GPL", Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if errors.Is(err, unix.EPERM) || errors.Is(err, ebpf.ErrNotSupported) {
		skipOrFail(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unwinder.Close() })
	known, err := ebpf.NewMap(&ebpf.MapSpec{
		Type: ebpf.LPMTrie, KeySize: 16, ValueSize: 16, MaxEntries: 64, Flags: unix.BPF_F_NO_PREALLOC,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = known.Close() })
	sampler, err := OpenSampler(SamplerConfig{
		RateHz: 199, Unwinder: unwinder, KnownProcesses: known, Window: testWindow, ClockOffset: clockOffset,
	})
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		skipOrFail(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sampler.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return sampler, known
}

const testWindow = 100 * time.Millisecond

// clockOffset is the wall clock minus CLOCK_MONOTONIC.
func clockOffset() time.Duration {
	var monotonic unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &monotonic); err != nil {
		panic(err)
	}
	return time.Duration(time.Now().UnixNano() - monotonic.Nano())
}

// TestFatesOfProcessesAddUpToTheCounters takes window after window: nothing is counted twice, and nothing left out.
func TestFatesOfProcessesAddUpToTheCounters(t *testing.T) {
	sampler, _ := openSampler(t)
	self := uint32(os.Getpid())
	if err := sampler.SetChosen([]uint32{self}); err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Truncate(testWindow)
	setMode(t, sampler, ModeChosen)
	spin(t, sampler, "samples of several windows", func(c SamplerCounters) bool { return c.Fired > 100 })
	setMode(t, sampler, ModeNothing)
	time.Sleep(testWindow)
	after, err := sampler.Counters()
	if err != nil {
		t.Fatal(err)
	}
	var sum Fate
	windows := 0
	for at := begin; at.Before(time.Now()); at = at.Add(testWindow) {
		fates, err := sampler.TakeFates(at)
		if err != nil {
			t.Fatal(err)
		}
		for _, fate := range fates {
			if fate.PID != self {
				t.Errorf("a fate of process %d", fate.PID)
			}
			windows++
			sum.Fired += fate.Fired
			sum.NewProcess += fate.NewProcess
		}
		if again, err := sampler.TakeFates(at); err != nil || len(again) > 0 {
			t.Errorf("taken twice: %v, %v", again, err)
		}
	}
	if sum.Fired != after.Fired || sum.NewProcess != after.NewProcess || after.FateLost != 0 || windows < 2 {
		t.Errorf("%d windows: %+v of %+v", windows, sum, after)
	}
}

// spin burns CPU until a condition on the counters holds.
func spin(t *testing.T, sampler *Sampler, what string, condition func(SamplerCounters) bool) SamplerCounters {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		for begin := time.Now(); time.Since(begin) < 20*time.Millisecond; { //nolint:revive // busy on purpose
		}
		counters, err := sampler.Counters()
		if err != nil {
			t.Fatal(err)
		}
		if condition(counters) {
			return counters
		}
		if time.Now().After(deadline) {
			t.Fatalf("never: %s; counters %+v", what, counters)
		}
	}
}

func setMode(t *testing.T, sampler *Sampler, mode Mode) {
	t.Helper()
	if err := sampler.SetMode(mode); err != nil {
		t.Fatal(err)
	}
}

func TestSamplerCountsEveryFate(t *testing.T) {
	sampler, known := openSampler(t)
	self := uint32(os.Getpid())

	before := spin(t, sampler, "ticks without a selection", func(c SamplerCounters) bool { return c.Unselected > 5 })
	if before.Fired != 0 {
		t.Errorf("fired %d before a selection", before.Fired)
	}

	setMode(t, sampler, ModeChosen)
	if err := sampler.SetChosen([]uint32{self + 1<<20}); err != nil { // nobody has this pid
		t.Fatal(err)
	}
	others := spin(t, sampler, "more unselected", func(c SamplerCounters) bool { return c.Unselected > before.Unselected+5 })
	if others.Fired != 0 {
		t.Errorf("fired %d although another process was chosen", others.Fired)
	}

	if err := sampler.SetChosen([]uint32{self}); err != nil {
		t.Fatal(err)
	}
	// The map of known processes is empty, so every sample would be dropped by the unwinder.
	chosen := spin(t, sampler, "samples of this process", func(c SamplerCounters) bool { return c.Fired > 5 })
	if chosen.NewProcess != chosen.Fired || chosen.TailCallFailed != 0 {
		t.Errorf("counters = %+v, want all fired as new", chosen)
	}

	key := samplerSamplerProcessKey{PrefixLength: 96}
	key.Tgid = bigEndian(self)
	if err := known.Put(key, samplerSamplerProcessValue{}); err != nil {
		t.Fatal(err)
	}
	settled := spin(t, sampler, "a tick", func(c SamplerCounters) bool { return c.Fired > chosen.Fired+2 })
	after := spin(t, sampler, "samples of a known process", func(c SamplerCounters) bool { return c.Fired > settled.Fired+5 })
	if after.NewProcess != settled.NewProcess {
		t.Errorf("a known process was counted as new %d times", after.NewProcess-settled.NewProcess)
	}

	if err := sampler.objects.Unwinder.Delete(unwinderEntry); err != nil {
		t.Fatal(err)
	}
	spin(t, sampler, "failed tail calls", func(c SamplerCounters) bool { return c.TailCallFailed > 5 })

	setMode(t, sampler, ModeEverything)
	spin(t, sampler, "samples of everything", func(c SamplerCounters) bool { return c.Fired > after.Fired+5 })
	setMode(t, sampler, ModeNothing)
	stopped := spin(t, sampler, "a tick", func(SamplerCounters) bool { return true })
	end := spin(t, sampler, "ticks of nothing", func(c SamplerCounters) bool { return c.Unselected > stopped.Unselected+5 })
	if end.Fired > stopped.Fired+2 { // a tick may have been under way on each CPU
		t.Errorf("fired %d times after the mode was taken back", end.Fired-stopped.Fired)
	}
	if sum := end.Idle + end.Unselected + end.Fired; sum > end.Ticks || end.Ticks-sum > 4 {
		t.Errorf("%d ticks have %d fates", end.Ticks, sum)
	}
}

func TestRateChangesWithoutALoadedProgramAnew(t *testing.T) {
	sampler, _ := openSampler(t)
	setMode(t, sampler, ModeEverything)
	// The clock ticks by time, whatever else the machine does: spans of equal length compare rates.
	ticksAt := func(rateHz uint64) uint64 {
		t.Helper()
		if err := sampler.Retime(rateHz, 0); err != nil {
			t.Fatal(err)
		}
		before := spin(t, sampler, "a reading", func(SamplerCounters) bool { return true })
		begin := time.Now()
		after := spin(t, sampler, "a second", func(SamplerCounters) bool { return time.Since(begin) > time.Second })
		return (after.Ticks - before.Ticks) * uint64(time.Second) / uint64(time.Since(begin))
	}
	slow, fast := ticksAt(19), ticksAt(997)
	if fast < 10*slow || slow == 0 {
		t.Errorf("%d ticks at 19 Hz and %d at 997", slow, fast)
	}
	if back := ticksAt(19); back > fast/10 {
		t.Errorf("%d ticks back at 19 Hz, %d at 997", back, fast)
	}
}

func TestChosenIsReplacedAndBounded(t *testing.T) {
	sampler, _ := openSampler(t)
	list := func() map[uint32]bool {
		found := make(map[uint32]bool)
		var pid uint32
		var present uint8
		for entries := sampler.objects.Chosen.Iterate(); entries.Next(&pid, &present); {
			found[pid] = true
		}
		return found
	}
	for _, pids := range [][]uint32{{1, 2, 3}, {2, 3, 4}, {}, {9}} {
		if err := sampler.SetChosen(pids); err != nil {
			t.Fatal(err)
		}
		found := list()
		for _, pid := range pids {
			if !found[pid] {
				t.Errorf("%d of %v is missing", pid, pids)
			}
		}
		if len(found) != len(pids) {
			t.Errorf("chosen = %v, want %v", found, pids)
		}
	}
	tooMany := make([]uint32, sampler.objects.Chosen.MaxEntries()+1)
	for i := range tooMany {
		tooMany[i] = uint32(i + 1)
	}
	if err := sampler.SetChosen(tooMany); err == nil {
		t.Error("more processes than there is room for were accepted")
	}
}

func TestAttachingAgainChangesNothing(t *testing.T) {
	sampler, _ := openSampler(t)
	online, err := onlineCPUs()
	if err != nil {
		t.Fatal(err)
	}
	count, err := sampler.AttachOnlineCPUs()
	if err != nil || count != len(online) {
		t.Errorf("AttachOnlineCPUs = %d, %v, want %d", count, err, len(online))
	}
}

func bigEndian(value uint32) uint32 {
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], value)
	return binary.NativeEndian.Uint32(bytes[:])
}

// skipOrFail says why a test cannot run here. With CI=true nothing is skipped.
func skipOrFail(t *testing.T, reason error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("cannot run here, and CI=true: %v", reason)
	}
	t.Skip(reason)
}

func TestUnwantedProcessesArePassedOverInEveryMode(t *testing.T) {
	sampler, _ := openSampler(t)
	self := uint32(os.Getpid())
	if err := errors.Join(sampler.SetUnwanted([]uint32{self}), sampler.SetChosen([]uint32{self})); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []Mode{ModeChosen, ModeEverything} {
		before, err := sampler.Counters()
		if err != nil {
			t.Fatal(err)
		}
		setMode(t, sampler, mode)
		spin(t, sampler, "unwanted ticks", func(c SamplerCounters) bool { return c.Unwanted > before.Unwanted+20 })
		setMode(t, sampler, ModeNothing)
		after, err := sampler.Counters()
		if err != nil {
			t.Fatal(err)
		}
		if sum := after.Idle + after.Unselected + after.Unwanted + after.Fired; mode == ModeChosen && after.Fired != 0 || sum != after.Ticks {
			t.Errorf("mode %d: %+v", mode, after)
		}
	}
	if err := sampler.SetUnwanted(nil); err != nil {
		t.Fatal(err)
	}
	setMode(t, sampler, ModeChosen)
	spin(t, sampler, "samples", func(c SamplerCounters) bool { return c.Fired > 20 })
}
