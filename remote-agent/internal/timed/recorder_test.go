package timed

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
)

const period = 10_000_000

func everything([]target.Label, uint32, string) bool { return true }

// newTestRecorder calls process 1 web, process 2 db, and wants nothing of process 3.
func newTestRecorder() *Recorder {
	return NewRecorder(func(pid uint32) target.Identity {
		switch pid {
		case 1:
			return target.Identity{Labels: []target.Label{{Name: "service_name", Value: "web"}}}
		case 2:
			return target.Identity{Labels: []target.Label{{Name: "service_name", Value: "db"}}}
		}
		return target.Identity{Dropped: true}
	}, period)
}

func sampleOf(pid uint32, stack uint64, at int64, frames int) *engine.Sample {
	sample := &engine.Sample{TimeNs: at, PID: pid, TID: pid + 100, CPU: 1, Comm: "worker", Count: 1, Frames: make([]*engine.Frame, frames)}
	binary.LittleEndian.PutUint64(sample.Hash[:], stack)
	return sample
}

func begin(t *testing.T, r *Recorder, wants Wants) *Recording {
	t.Helper()
	recording, err := r.Begin(wants, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return recording
}

func TestTakesWhatIsWantedInItsTimeAndByTime(t *testing.T) {
	r := newTestRecorder()
	now := time.Now().UnixNano()
	r.HandleSample(sampleOf(1, 1, now, 3)) // nobody records
	recording := begin(t, r, func(service []target.Label, _ uint32, thread string) bool {
		return service[0].Value == "web" && thread == "worker"
	})
	start := recording.start
	r.HandleSample(sampleOf(1, 1, start+20, 3))
	r.Retime(2 * period)
	r.HandleSample(sampleOf(1, 2, start+10, 3))
	r.HandleSample(sampleOf(1, 1, start+30, 3))
	r.HandleSample(sampleOf(1, 1, start-1, 3))                         // before
	r.HandleSample(sampleOf(1, 1, start+time.Minute.Nanoseconds(), 3)) // after
	r.HandleSample(sampleOf(2, 1, start+20, 3))                        // another service
	r.HandleSample(sampleOf(3, 1, start+20, 3))                        // dropped by a rule
	r.End(recording)
	r.HandleSample(sampleOf(1, 1, start+40, 3))
	taken := recording.Take()
	recording.take(sampleOf(1, 1, start+50, 3), r.identify(1).Labels, period) // was on its way
	want := []Sample{
		{start + 10, 2 * period, 1, 101, 1, 1, 0, 0},
		{start + 20, period, 1, 101, 1, 0, 0, 0},
		{start + 30, 2 * period, 1, 101, 1, 0, 0, 0},
	}
	if len(taken.Samples) != len(want) {
		t.Fatalf("samples: %+v", taken.Samples)
	}
	for i := range want {
		if taken.Samples[i] != want[i] {
			t.Errorf("sample %d = %+v, want %+v", i, taken.Samples[i], want[i])
		}
	}
	if len(taken.Stacks) != 2 || taken.Threads[0] != "worker" || taken.Services[0] != "web" || taken.Dropped != 0 ||
		taken.Start != start || taken.End != start+time.Minute.Nanoseconds() {
		t.Errorf("taken: %+v", taken)
	}
}

func TestEndsWhenItIsFull(t *testing.T) {
	for name, test := range map[string]struct {
		frames int
		stack  func(i int) uint64
		holds  int
	}{
		"of samples": {3, func(int) uint64 { return 7 }, MaxSamples},
		"of stacks":  {1000, func(i int) uint64 { return uint64(i) }, MaxFrames / 1000},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestRecorder()
			recording := begin(t, r, everything)
			frames := make([]*engine.Frame, test.frames)
			for i := range test.holds + 5 {
				sample := sampleOf(1, test.stack(i), recording.start+int64(i), 0)
				sample.Frames = frames
				r.HandleSample(sample)
			}
			<-recording.Over()
			if got := recording.Progress(); got != (Progress{Samples: uint64(test.holds), Dropped: 5, Full: true}) {
				t.Errorf("progress = %+v", got)
			}
			r.End(recording)
			taken := recording.Take()
			if len(taken.Samples) != test.holds || taken.Dropped != 5 || taken.End != recording.start+int64(test.holds) {
				t.Errorf("%d samples, %d dropped, %d ns", len(taken.Samples), taken.Dropped, taken.End-taken.Start)
			}
		})
	}
}

func TestEndsEarlyWhenItIsAskedTo(t *testing.T) {
	r := newTestRecorder()
	recording := begin(t, r, everything)
	r.HandleSample(sampleOf(1, 1, time.Now().UnixNano(), 3))
	if !r.EndEarly(recording.ID()) || r.EndEarly("unknown") {
		t.Error("the wrong one was ended")
	}
	r.HandleSample(sampleOf(1, 1, recording.start+1, 3))                    // still on its way
	r.HandleSample(sampleOf(1, 1, time.Now().Add(time.Hour).UnixNano(), 3)) // behind the end
	<-recording.Over()
	r.End(recording)
	if taken := recording.Take(); len(taken.Samples) != 2 || taken.End-taken.Start > int64(10*time.Second) {
		t.Errorf("%d samples in %d ns", len(taken.Samples), taken.End-taken.Start)
	}
}

func TestRefusesWhatCannotBeHad(t *testing.T) {
	r := newTestRecorder()
	for _, length := range []time.Duration{0, MaxLength + time.Second, 24 * time.Hour} {
		if _, err := r.Begin(everything, length); !errors.Is(err, ErrBadLength) {
			t.Errorf("%v: %v", length, err)
		}
	}
	first := begin(t, r, everything)
	begin(t, r, everything)
	if _, err := r.Begin(everything, time.Second); !errors.Is(err, ErrBusy) {
		t.Errorf("a third one: %v", err)
	}
	r.End(first)
	begin(t, r, everything)
}

func TestManyMayHandleAndEndAtOnce(t *testing.T) {
	r := newTestRecorder()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 20_000 {
			r.HandleSample(sampleOf(1, uint64(i%10), time.Now().UnixNano(), 3))
		}
	}()
	for range 50 {
		recording := begin(t, r, everything)
		recording.Progress()
		r.End(recording)
		if taken := recording.Take(); len(taken.Stacks) > 10 {
			t.Fatalf("%d stacks", len(taken.Stacks))
		}
	}
	<-done
}

// BenchmarkHandleSample is what samples cost the path of all samples, without and with a recording.
func BenchmarkHandleSample(b *testing.B) {
	for name, recording := range map[string]bool{"idle": false, "recording": true} {
		b.Run(name, func(b *testing.B) {
			r := newTestRecorder()
			if recording {
				if _, err := r.Begin(everything, MaxLength); err != nil {
					b.Fatal(err)
				}
			}
			sample := sampleOf(1, 1, time.Now().UnixNano(), 30)
			for b.Loop() {
				sample.TimeNs++
				r.HandleSample(sample)
			}
		})
	}
}
