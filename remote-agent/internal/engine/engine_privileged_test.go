package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/privilege"
)

// burner is a script whose functions must be found in the samples.
const burner = `import hashlib
def leaf():
    return sum(i * i for i in range(20000))
def hashing():
    return hashlib.pbkdf2_hmac("sha256", b"x", b"y", 20000)
def trunk():
    while True:
        leaf()
        hashing()
print("ready", flush=True)
trunk()
`

// collector keeps samples by process.
type collector struct {
	mu        sync.Mutex
	samples   map[uint32][]*engine.Sample
	delivered uint64
	observed  map[string]bool
}

func (c *collector) HandleSample(sample *engine.Sample) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.samples[sample.PID] = append(c.samples[sample.PID], sample)
	c.delivered += sample.Count
}

func (c *collector) observe(_ uint32, mapping *engine.Mapping) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.observed[mapping.Path] = true
}

// of returns what was collected of a process so far.
func (c *collector) of(pid uint32) []*engine.Sample {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*engine.Sample(nil), c.samples[pid]...)
}

// TestEngine starts one engine, for that takes seconds, and looks at it from several sides.
func TestEngine(t *testing.T) {
	report := privilege.Preflight(t.TempDir())
	if len(report.Refusals) > 0 {
		skipOrFail(t, report.Refusals[0].Message)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		skipOrFail(t, "there is no python3")
	}
	if _, err := privilege.MountTracefs(); err != nil {
		t.Fatal(err)
	}
	if err := privilege.AllowMemlock(); err != nil {
		t.Fatal(err)
	}
	sink := &collector{samples: make(map[uint32][]*engine.Sample), observed: make(map[string]bool)}
	started, err := engine.Start(context.Background(), engine.Config{
		RateHz: 97, Sink: sink, ObserveMapping: sink.observe, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	t.Cleanup(func() {
		if !closed {
			_ = started.Close()
		}
	})
	script := filepath.Join(t.TempDir(), "burner.py")
	if err := os.WriteFile(script, []byte(burner), 0o600); err != nil {
		t.Fatal(err)
	}
	chosen, other := burn(t, python, script), burn(t, python, script)

	t.Run("nothing is sampled before a selection", func(t *testing.T) {
		if value := counter(t, started, "samples.fired"); value != 0 {
			t.Errorf("samples.fired = %d", value)
		}
	})
	t.Run("functions of python with file and line, and native and kernel frames", func(t *testing.T) {
		begin := time.Now()
		if err := started.Select(engine.Selection{Everything: true}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "leaf, hashing and trunk of the script", func() bool {
			found := framesOf(sink.of(chosen))
			return found["leaf"].Line == 3 && found["hashing"].Line == 5 && found["trunk"].FunctionLine == 6
		})
		found := framesOf(sink.of(chosen))
		if frame := found["hashing"]; frame.File != script || frame.Kind != engine.KindPython || frame.FunctionLine != 4 {
			t.Errorf("hashing = %+v, want python of %s, line 5 of a function that begins at 4", frame, script)
		}
		eventually(t, "a native frame of _hashlib or libcrypto", func() bool {
			for _, sample := range sink.of(chosen) {
				for _, frame := range sample.Frames {
					if frame.Kind == engine.KindNative && strings.Contains(frame.Mapping.Path, "crypto") ||
						frame.Mapping != nil && strings.Contains(frame.Mapping.Path, "_hashlib") {
						return frame.Address != 0 && frame.Mapping.FileID != ""
					}
				}
			}
			return false
		})
		for _, sample := range sink.of(chosen) {
			at := time.Unix(0, sample.TimeNs)
			if at.Before(begin.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
				t.Fatalf("sample of %v, taken between %v and now", at, begin)
			}
			if !strings.Contains(filepath.Base(sample.Executable), "python") && sample.Executable != "" {
				t.Fatalf("executable = %q", sample.Executable)
			}
		}
	})
	t.Run("equal hashes are equal stacks, and the other way round", func(t *testing.T) {
		byHash := make(map[[16]byte]string)
		byText := make(map[string][16]byte)
		for _, sample := range append(sink.of(chosen), sink.of(other)...) {
			var text string
			for _, frame := range sample.Frames {
				text += fmt.Sprintln(*frame)
			}
			if known, ok := byHash[sample.Hash]; ok && known != text {
				t.Fatalf("one hash, two stacks:\n%s\n%s", known, text)
			}
			if known, ok := byText[text]; ok && known != sample.Hash {
				t.Fatalf("two hashes for %s", text)
			}
			byHash[sample.Hash], byText[text] = text, sample.Hash
		}
	})
	t.Run("mappings are told with their whole path", func(t *testing.T) {
		sink.mu.Lock()
		defer sink.mu.Unlock()
		whole := 0
		for path := range sink.observed {
			if filepath.IsAbs(path) {
				whole++
			}
		}
		if whole < 3 {
			t.Errorf("observed = %v", sink.observed)
		}
	})
	t.Run("a selection of one process", func(t *testing.T) {
		if err := started.Select(engine.Selection{PIDs: []uint32{chosen}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // what was sampled before is still on its way
		before, otherBefore := len(sink.of(chosen)), len(sink.of(other))
		eventually(t, "more samples of the chosen process", func() bool { return len(sink.of(chosen)) > before+20 })
		if after := len(sink.of(other)); after != otherBefore {
			t.Errorf("%d samples of a process that was not chosen", after-otherBefore)
		}
		if counter(t, started, "samples.unselected") == 0 {
			t.Error("nothing was counted as unselected")
		}
	})
	t.Run("another rate keeps the selection", func(t *testing.T) {
		var before, otherBefore int
		if err := started.Retime(context.Background(), 199, 0, func() {
			before, otherBefore = len(sink.of(chosen)), len(sink.of(other))
		}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "samples at the new rate", func() bool { return len(sink.of(chosen)) > before+20 })
		if after := len(sink.of(other)); after != otherBefore {
			t.Errorf("%d samples of a process that was not chosen", after-otherBefore)
		}
	})
	t.Run("every tick has one fate", func(t *testing.T) {
		if err := started.Finish(context.Background()); err != nil {
			t.Fatal(err)
		}
		value := func(name string) uint64 { return counter(t, started, name) }
		if sum := value("samples.idle") + value("samples.unselected") + value("samples.fired"); sum > value("samples.ticks") ||
			// Paused, the clock goes on: what was counted between the two reads may differ.
			value("samples.ticks")-sum > 10 {
			t.Errorf("ticks = %d, their fates %d", value("samples.ticks"), sum)
		}
		fates := value("samples.delivered") + value("samples.lost.new_process") + value("samples.lost.tail_call") +
			value("samples.lost.ring") + value("samples.lost.unreadable")
		if fired := value("samples.fired"); fired != fates || fired == 0 {
			t.Errorf("fired = %d, their fates %d", fired, fates)
		}
		sink.mu.Lock()
		defer sink.mu.Unlock()
		if sink.delivered != value("samples.delivered") {
			t.Errorf("delivered = %d, the sink got %d", value("samples.delivered"), sink.delivered)
		}
	})
	t.Run("the time in BPF programs", func(t *testing.T) {
		spent, known := started.BPFRunTime()
		if known && (spent <= 0 || spent > time.Minute) {
			t.Errorf("run time = %v", spent)
		}
	})
	closed = true
	if err := started.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// burn starts the script and waits until it runs.
func burn(t *testing.T, python string, arguments ...string) uint32 {
	t.Helper()
	command := exec.Command(python, arguments...)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("burner said %q, %v", line, err)
	}
	return uint32(command.Process.Pid)
}

// framesOf finds python frames by function.
func framesOf(samples []*engine.Sample) map[string]engine.Frame {
	found := make(map[string]engine.Frame)
	for _, sample := range samples {
		for _, frame := range sample.Frames {
			if frame.Kind == engine.KindPython {
				found[frame.Function] = *frame
			}
		}
	}
	return found
}

func counter(t *testing.T, started *engine.Engine, name string) uint64 {
	t.Helper()
	counters, err := started.Counters()
	if err != nil {
		t.Fatal(err)
	}
	for _, counter := range counters {
		if counter.Name == name {
			return counter.Value
		}
	}
	t.Fatalf("there is no counter %s", name)
	return 0
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// skipOrFail says why a test cannot run here. With CI=true nothing is skipped.
func skipOrFail(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("cannot run here, and CI=true: %s", reason)
	}
	t.Skip(reason)
}
