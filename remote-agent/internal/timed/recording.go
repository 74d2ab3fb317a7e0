package timed

import (
	"slices"
	"sync"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
)

// Sample is one sample of a recording. Stack, Thread and Service are indices into its tables.
type Sample struct {
	TimeNs   int64
	PeriodNs uint32
	PID, TID uint32
	CPU      uint32
	Stack    uint32
	Thread   uint32
	Service  uint32
}

// Taken is what a recording holds.
//
// A thread of one process, seen twice in one stack and 10 ms apart, gives
//
//	Stacks: [main>parse]   Threads: [worker-1]   Services: [web]
//	Samples: [{TimeNs: 0, Stack: 0, Thread: 0, Service: 0, ...}, {TimeNs: 10e6, Stack: 0, ...}]
type Taken struct {
	// Start and End are Unix nanoseconds; End is earlier than was asked for when the recording was full.
	Start, End int64
	// Samples, by time.
	Samples []Sample
	// Stacks, leaf first.
	Stacks            [][]*engine.Frame
	Threads, Services []string
	Dropped           uint64
}

// Progress is how far a recording is.
type Progress struct {
	Samples uint64
	// Dropped found no room.
	Dropped uint64
	// Full: it ends before its time.
	Full bool
}

// blockLength is how many samples are allocated at once: growing one large slice would copy megabytes in the path of samples.
const blockLength = 4096

// Recording takes samples of an interval of time.
type Recording struct {
	id    string
	wants Wants
	start int64
	over  chan struct{}
	// closing closes over when the last samples have arrived.
	closing *time.Timer

	mu       sync.Mutex
	end      int64
	blocks   [][]Sample
	stacks   map[[16]byte]uint32
	frames   [][]*engine.Frame
	held     int // frames of all stacks
	threads  texts
	services texts
	samples  uint64
	dropped  uint64
	fullAt   int64 // 0 while there is room
	taken    bool
}

func newRecording(id string, wants Wants, length time.Duration) *Recording {
	start := time.Now()
	r := &Recording{
		id: id, wants: wants, start: start.UnixNano(), end: start.Add(length).UnixNano(), over: make(chan struct{}),
		stacks: map[[16]byte]uint32{}, threads: newTexts(), services: newTexts(),
	}
	r.closing = time.AfterFunc(length+grace, func() { close(r.over) })
	return r
}

// ID tells a recording from others.
func (r *Recording) ID() string { return r.id }

// StartMs is when the recording began, Unix milliseconds.
func (r *Recording) StartMs() int64 { return r.start / int64(time.Millisecond) }

// Over is closed when the recording's time is over and its last samples have arrived, or when there is no room for more.
func (r *Recording) Over() <-chan struct{} { return r.over }

// endNow ends a recording before its time.
func (r *Recording) endNow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.UnixNano() < r.end {
		r.end = now.UnixNano()
		r.closing.Reset(grace)
	}
}

// Progress so far.
func (r *Recording) Progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Progress{Samples: r.samples, Dropped: r.dropped, Full: r.fullAt != 0}
}

func (r *Recording) take(sample *engine.Sample, service []target.Label, periodNs int64) {
	if sample.TimeNs < r.start || !r.wants(service, sample.PID, sample.Comm) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if sample.TimeNs >= r.end || r.taken { // taken: it was on its way while the recording ended
		return
	}
	stack, room := r.stackOf(sample)
	if !room || r.fullAt != 0 || r.samples+sample.Count > MaxSamples {
		r.dropped += sample.Count
		if r.fullAt == 0 {
			r.fullAt = sample.TimeNs
			r.closing.Reset(0)
		}
		return
	}
	made := Sample{
		TimeNs: sample.TimeNs, PeriodNs: uint32(periodNs), PID: sample.PID, TID: sample.TID, CPU: sample.CPU, //nolint:gosec // at most 53 ms
		Stack: stack, Thread: r.threads.number(sample.Comm), Service: r.services.number(nameOf(service)),
	}
	for range sample.Count {
		r.add(made)
	}
}

func (r *Recording) add(sample Sample) {
	last := len(r.blocks) - 1
	if last < 0 || len(r.blocks[last]) == blockLength {
		r.blocks = append(r.blocks, make([]Sample, 0, blockLength))
		last++
	}
	r.blocks[last] = append(r.blocks[last], sample)
	r.samples++
}

// stackOf numbers a stack; false when there is no room for a new one.
func (r *Recording) stackOf(sample *engine.Sample) (uint32, bool) {
	if known, ok := r.stacks[sample.Hash]; ok {
		return known, true
	}
	if r.held+len(sample.Frames) > MaxFrames {
		return 0, false
	}
	number := uint32(len(r.frames)) //nolint:gosec // at most MaxFrames
	r.held += len(sample.Frames)
	r.frames = append(r.frames, sample.Frames)
	r.stacks[sample.Hash] = number
	return number, true
}

// Take gives what was recorded. To be called after Recorder.End; the recording is empty afterwards.
func (r *Recording) Take() *Taken {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := &Taken{
		Start: r.start, End: r.end, Samples: slices.Concat(r.blocks...), Stacks: r.frames,
		Threads: r.threads.all, Services: r.services.all, Dropped: r.dropped,
	}
	if r.fullAt != 0 {
		taken.End = r.fullAt
	}
	// CPUs hand their samples over one after the other.
	slices.SortStableFunc(taken.Samples, func(a, b Sample) int {
		switch {
		case a.TimeNs < b.TimeNs:
			return -1
		case a.TimeNs > b.TimeNs:
			return 1
		}
		return 0
	})
	r.taken, r.blocks, r.frames, r.stacks = true, nil, nil, nil
	return taken
}

func nameOf(service []target.Label) string {
	for _, label := range service {
		if label.Name == "service_name" {
			return label.Value
		}
	}
	return ""
}

// texts numbers strings.
type texts struct {
	all     []string
	numbers map[string]uint32
}

func newTexts() texts { return texts{numbers: map[string]uint32{}} }

func (t *texts) number(text string) uint32 {
	known, ok := t.numbers[text]
	if !ok {
		known = uint32(len(t.all)) //nolint:gosec // at most one a sample
		t.all, t.numbers[text] = append(t.all, text), known
	}
	return known
}
