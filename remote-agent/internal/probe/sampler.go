// Package probe loads and attaches the agent's own BPF programs (bpf/), and counts what they lose.
package probe

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/elastic/go-perf"
)

// unwinderEntry is the slot of the unwinder in the map "unwinder".
const unwinderEntry uint32 = 0

// Mode says what the sampler hands to the unwinder.
type Mode uint32

// Modes, as in bpf/sampler.h. A sampler starts with ModeNothing.
const (
	ModeNothing    = Mode(samplerSamplerModeSAMPLER_MODE_NOTHING)
	ModeEverything = Mode(samplerSamplerModeSAMPLER_MODE_EVERYTHING)
	// ModeChosen profiles the processes given to SetChosen.
	ModeChosen = Mode(samplerSamplerModeSAMPLER_MODE_CHOSEN)
)

// SamplerConfig is what a sampler is made of.
type SamplerConfig struct {
	// RateHz is how often each CPU is looked at.
	RateHz uint64
	// Unwinder is the perf_event program that gets the selected samples by tail call.
	Unwinder *ebpf.Program
	// KnownProcesses is the unwinder's map of processes that it can walk (its pid_page_to_mapping_info): the sampler looks
	// into it to count the samples that the unwinder drops without a word.
	KnownProcesses *ebpf.Map
	// Window is the length of the windows by which TakeFates counts; none are kept if 0.
	Window time.Duration
	// ClockOffset is the wall clock minus CLOCK_MONOTONIC, by which samples get their time. Required with Window.
	ClockOffset func() time.Duration
}

// Fate is what became of the ticks that hit one process in one window.
type Fate struct {
	PID                               uint32
	Fired, NewProcess, TailCallFailed uint64
}

// Sampler is the program bpf/sampler.bpf.c, attached to the clock of every CPU that is online.
//
// The maps and programs stay referenced from here: the garbage collector would close them otherwise.
type Sampler struct {
	config  SamplerConfig
	objects samplerObjects
	events  map[int]*perf.Event

	settingsMu sync.Mutex
	mode       Mode
}

// SamplerCounters is the fate of the ticks since the sampler was opened, summed over CPUs; see bpf/sampler.h for how
// they add up.
type SamplerCounters struct {
	Ticks      uint64
	Idle       uint64
	Unselected uint64
	// Unwanted are ticks of processes given to SetUnwanted.
	Unwanted       uint64
	Fired          uint64
	NewProcess     uint64
	TailCallFailed uint64
	// FateLost are fired ticks that TakeFates does not tell of.
	FateLost uint64
}

// OpenSampler loads the program and attaches it with ModeNothing.
func OpenSampler(config SamplerConfig) (*Sampler, error) {
	spec, err := loadSampler()
	if err != nil {
		return nil, fmt.Errorf("read sampler object: %w", err)
	}
	// The declaration in C stands for the unwinder's map: take over what the unwinder chose at its start.
	known := spec.Maps[samplerMapKnownProcesses]
	known.MaxEntries = config.KnownProcesses.MaxEntries()
	known.Flags = config.KnownProcesses.Flags()

	sampler := &Sampler{config: config, events: make(map[int]*perf.Event)}
	err = spec.LoadAndAssign(&sampler.objects, &ebpf.CollectionOptions{
		MapReplacements: map[string]*ebpf.Map{samplerMapKnownProcesses: config.KnownProcesses},
	})
	if err != nil {
		return nil, fmt.Errorf("load sampler: %w", err)
	}
	if err := sampler.objects.Unwinder.Put(unwinderEntry, uint32(config.Unwinder.FD())); err != nil {
		return nil, errors.Join(fmt.Errorf("chain sampler to unwinder: %w", err), sampler.Close())
	}
	if _, err := sampler.AttachOnlineCPUs(); err != nil {
		return nil, errors.Join(err, sampler.Close())
	}
	return sampler, nil
}

// AttachOnlineCPUs attaches the sampler to CPUs that came online since the last call, forgets those that went, and
// returns how many are sampled. Not safe for concurrent use with itself or Close.
func (s *Sampler) AttachOnlineCPUs() (int, error) {
	online, err := onlineCPUs()
	if err != nil {
		return len(s.events), err
	}
	isOnline := make(map[int]bool, len(online))
	for _, cpu := range online {
		isOnline[cpu] = true
		if s.events[cpu] != nil {
			continue
		}
		event, err := s.attach(cpu)
		if err != nil {
			return len(s.events), err
		}
		s.events[cpu] = event
	}
	for cpu, event := range s.events {
		if isOnline[cpu] {
			continue
		}
		// The event of a CPU that went away stays dead when the CPU comes back: it is opened anew then.
		delete(s.events, cpu)
		if err := event.Close(); err != nil {
			return len(s.events), fmt.Errorf("close event of offline cpu %d: %w", cpu, err)
		}
	}
	return len(s.events), nil
}

func (s *Sampler) attach(cpu int) (*perf.Event, error) {
	attributes := new(perf.Attr)
	attributes.SetSampleFreq(s.config.RateHz)
	if err := perf.CPUClock.Configure(attributes); err != nil {
		return nil, fmt.Errorf("configure cpu clock: %w", err)
	}
	event, err := perf.Open(attributes, perf.AllThreads, cpu, nil)
	if err != nil {
		return nil, fmt.Errorf("open cpu clock of cpu %d: %w", cpu, err)
	}
	if err := event.SetBPF(uint32(s.objects.Sampler.FD())); err != nil {
		return nil, errors.Join(fmt.Errorf("attach sampler to cpu %d: %w", cpu, err), event.Close())
	}
	if err := event.Enable(); err != nil {
		return nil, errors.Join(fmt.Errorf("enable cpu clock of cpu %d: %w", cpu, err), event.Close())
	}
	return event, nil
}

// Retime changes how often each CPU is looked at, by opening the events anew, and the length of the windows by which TakeFates
// counts; that one with the next SetMode, until which nothing is to be sampled. An event that cannot be opened leaves its CPU without samples;
// AttachOnlineCPUs tries again. Not safe for concurrent use with AttachOnlineCPUs or Close.
func (s *Sampler) Retime(rateHz uint64, window time.Duration) error {
	s.settingsMu.Lock()
	s.config.Window = window
	s.settingsMu.Unlock()
	if s.config.RateHz == rateHz {
		return nil
	}
	s.config.RateHz = rateHz
	for cpu, event := range s.events {
		delete(s.events, cpu)
		if err := event.Close(); err != nil {
			return fmt.Errorf("close event of cpu %d: %w", cpu, err)
		}
	}
	_, err := s.AttachOnlineCPUs()
	return err
}

// SetMode changes what is profiled, at once.
func (s *Sampler) SetMode(mode Mode) error {
	s.settingsMu.Lock()
	defer s.settingsMu.Unlock()
	s.mode = mode
	return s.putSettings()
}

func (s *Sampler) putSettings() error {
	settings := samplerSamplerSettings{Mode: samplerSamplerMode(s.mode), WindowNs: uint64(s.config.Window)}
	if s.config.Window > 0 {
		settings.ClockOffsetNs = uint64(s.config.ClockOffset())
	}
	if err := s.objects.Settings.Put(uint32(0), settings); err != nil {
		return fmt.Errorf("set sampler mode: %w", err)
	}
	return nil
}

// TakeFates returns what became of the ticks of a window, which must be over, and forgets it and those before. It also
// follows the wall clock.
func (s *Sampler) TakeFates(window time.Time) ([]Fate, error) {
	s.settingsMu.Lock()
	length := s.config.Window
	if length <= 0 {
		s.settingsMu.Unlock()
		return nil, nil
	}
	err := s.putSettings()
	s.settingsMu.Unlock()
	if err != nil {
		return nil, err
	}
	wanted := uint64(window.UnixNano()) / uint64(length)
	var fates []Fate
	var over []samplerSamplerFateKey
	var key samplerSamplerFateKey
	var value samplerSamplerFate
	entries := s.objects.Fates.Iterate()
	for entries.Next(&key, &value) {
		if key.Window > wanted {
			continue
		}
		over = append(over, key)
		if key.Window == wanted {
			fates = append(fates, Fate{
				PID: key.Tgid, Fired: value.Fired, NewProcess: value.NewProcess, TailCallFailed: value.TailCallFailed,
			})
		}
	}
	if err := entries.Err(); err != nil {
		return nil, fmt.Errorf("list fates of samples: %w", err)
	}
	for _, key := range over {
		if err := s.objects.Fates.Delete(key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return nil, fmt.Errorf("forget fates of samples: %w", err)
		}
	}
	return fates, nil
}

// SetChosen makes pids (thread group ids) the set that ModeChosen profiles. Those that stay in the set are profiled
// without a gap.
func (s *Sampler) SetChosen(pids []uint32) error { return replaceSet(s.objects.Chosen, pids) }

// SetUnwanted makes pids (thread group ids) the set that no mode profiles.
func (s *Sampler) SetUnwanted(pids []uint32) error { return replaceSet(s.objects.Unwanted, pids) }

// replaceSet makes pids the keys of a map; those that stay are never missing from it.
func replaceSet(set *ebpf.Map, pids []uint32) error {
	wanted := make(map[uint32]bool, len(pids))
	for _, pid := range pids {
		wanted[pid] = true
		if err := set.Put(pid, uint8(1)); err != nil {
			return fmt.Errorf("choose process %d of %d (at most %d): %w", pid, len(pids), set.MaxEntries(), err)
		}
	}
	var stale []uint32
	var pid uint32
	var present uint8
	entries := set.Iterate()
	for entries.Next(&pid, &present) {
		if !wanted[pid] {
			stale = append(stale, pid)
		}
	}
	if err := entries.Err(); err != nil {
		return fmt.Errorf("list chosen processes: %w", err)
	}
	for _, pid := range stale {
		if err := set.Delete(pid); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("drop chosen process %d: %w", pid, err)
		}
	}
	return nil
}

// Counters reads the counters of all CPUs.
func (s *Sampler) Counters() (SamplerCounters, error) {
	var sums [samplerSamplerCounterSAMPLER_COUNTER_COUNT]uint64
	for counter := range sums {
		var perCPU []uint64
		if err := s.objects.Counters.Lookup(samplerSamplerCounter(counter), &perCPU); err != nil {
			return SamplerCounters{}, fmt.Errorf("read sampler counter %d: %w", counter, err)
		}
		for _, value := range perCPU {
			sums[counter] += value
		}
	}
	return SamplerCounters{
		Ticks:          sums[samplerSamplerCounterSAMPLER_COUNTER_TICKS],
		Idle:           sums[samplerSamplerCounterSAMPLER_COUNTER_IDLE],
		Unselected:     sums[samplerSamplerCounterSAMPLER_COUNTER_UNSELECTED],
		Unwanted:       sums[samplerSamplerCounterSAMPLER_COUNTER_UNWANTED],
		Fired:          sums[samplerSamplerCounterSAMPLER_COUNTER_FIRED],
		NewProcess:     sums[samplerSamplerCounterSAMPLER_COUNTER_NEW_PROCESS],
		TailCallFailed: sums[samplerSamplerCounterSAMPLER_COUNTER_TAIL_CALL_FAILED],
		FateLost:       sums[samplerSamplerCounterSAMPLER_COUNTER_FATE_LOST],
	}, nil
}

// Program is the loaded sampler program, for its run-time statistics.
func (s *Sampler) Program() *ebpf.Program { return s.objects.Sampler }

// Close detaches the sampler from all CPUs and frees its maps. The unwinder's program and map stay open: they are the
// caller's.
func (s *Sampler) Close() error {
	var failures []error
	for cpu, event := range s.events {
		if err := event.Close(); err != nil {
			failures = append(failures, fmt.Errorf("close event of cpu %d: %w", cpu, err))
		}
	}
	s.events = nil
	if err := s.objects.Close(); err != nil {
		failures = append(failures, fmt.Errorf("close sampler: %w", err))
	}
	return errors.Join(failures...)
}
