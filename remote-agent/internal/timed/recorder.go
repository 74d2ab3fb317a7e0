// Package timed records samples with the time of each, when somebody asks for it, beside the windows, which only count.
package timed

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
)

// Bounds of a recording, and of all of them together.
const (
	MaxLength = 10 * time.Minute
	// MaxSamples are 13 MB; two busy CPUs at 97 Hz take 43 minutes for them, a hundred busy ones 52 seconds.
	MaxSamples = 500_000
	// MaxFrames bounds what distinct stacks hold together: 4 MB of pointers to frames that the windows share.
	MaxFrames = 500_000
	MaxAtOnce = 2
	// grace is how long samples of the last moment may still be on their way from the kernel.
	grace = time.Second
)

var (
	// ErrBadLength is wrapped by what Begin answers to a length that cannot be had.
	ErrBadLength = errors.New("bad length")
	// ErrBusy answers a recording more than there may be at once.
	ErrBusy = fmt.Errorf("%d recordings with the time of each sample run already: wait until one of them ends", MaxAtOnce)
)

// Wants says whether a sample of a service is to be recorded. It must be quick: it is asked in the path of samples.
type Wants func(service []target.Label, pid uint32, thread string) bool

// Recorder gives samples to the recordings that run. While there is none, a sample costs it one atomic load.
type Recorder struct {
	identify func(pid uint32) target.Identity
	periodNs atomic.Int64
	running  atomic.Pointer[[]*Recording]
	mu       sync.Mutex // held by who changes running
	begun    uint64
}

var _ engine.Sink = (*Recorder)(nil)

// NewRecorder makes a recorder; identify says which service a process is, periodNs what a sample stands for.
func NewRecorder(identify func(pid uint32) target.Identity, periodNs int64) *Recorder {
	r := &Recorder{identify: identify}
	r.periodNs.Store(periodNs)
	r.running.Store(&[]*Recording{})
	return r
}

// Retime says what a sample stands for from now on.
func (r *Recorder) Retime(periodNs int64) { r.periodNs.Store(periodNs) }

// HandleSample implements engine.Sink.
func (r *Recorder) HandleSample(sample *engine.Sample) {
	running := *r.running.Load()
	if len(running) == 0 {
		return
	}
	identity := r.identify(sample.PID)
	if identity.Dropped {
		return
	}
	for _, recording := range running {
		recording.take(sample, identity.Labels, r.periodNs.Load())
	}
}

// Begin records what is wanted from now on, for a length of at most MaxLength. End must be called.
func (r *Recorder) Begin(wants Wants, length time.Duration) (*Recording, error) {
	if length < time.Second || length > MaxLength {
		return nil, fmt.Errorf("%w: a recording with the time of each sample takes 1 to %d seconds, not %d",
			ErrBadLength, int(MaxLength.Seconds()), int(length.Seconds()))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	running := *r.running.Load()
	if len(running) >= MaxAtOnce {
		return nil, ErrBusy
	}
	r.begun++
	begun := newRecording(strconv.FormatUint(r.begun, 10), wants, length)
	changed := append(slices.Clone(running), begun)
	r.running.Store(&changed)
	return begun, nil
}

// EndEarly ends a recording before its time; it is over when its last samples have arrived. False when there is none of
// that name.
func (r *Recorder) EndEarly(id string) bool {
	for _, recording := range *r.running.Load() {
		if recording.id == id {
			recording.endNow()
			return true
		}
	}
	return false
}

// End takes no more samples for a recording.
func (r *Recorder) End(recording *Recording) {
	recording.closing.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := slices.DeleteFunc(slices.Clone(*r.running.Load()), func(each *Recording) bool { return each == recording })
	r.running.Store(&changed)
}
