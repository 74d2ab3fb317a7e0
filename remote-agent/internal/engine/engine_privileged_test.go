package engine_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/privilege"
)

type collect struct {
	mu      sync.Mutex
	samples []*engine.Sample
}

func (c *collect) HandleSample(s *engine.Sample) {
	c.mu.Lock()
	c.samples = append(c.samples, s)
	c.mu.Unlock()
}

func TestSamplesBusyPython(t *testing.T) {
	if err := privilege.AllowMemlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := privilege.MountTracefs(); err != nil {
		t.Fatal(err)
	}
	sink := &collect{}
	start := time.Now()
	e, err := engine.Start(context.Background(), engine.Config{RateHz: 97, Sink: sink, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		ObserveMapping: func(pid uint32, m *engine.Mapping) { t.Log("observe", pid, m.Path, m.FileID) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("started in", time.Since(start))
	cmd := exec.Command("python3", "-c", "def inner():\n  return sum(i*i for i in range(10000))\ndef outer():\n  while True: inner()\nouter()")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := e.Select(engine.Selection{Everything: true}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	if err := e.Pause(context.Background()); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	counters, err := e.Counters()
	t.Log(counters, err)
	d, ok := e.BPFRunTime()
	t.Log(d, ok)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range sink.samples {
		if int(s.PID) != cmd.Process.Pid && n > 20 {
			continue
		}
		n++
		if n > 40 {
			break
		}
		var b strings.Builder
		for _, f := range s.Frames {
			b.WriteString(string(f.Kind) + ":" + f.Function + " ")
		}
		t.Log(s.PID, s.Comm, s.Executable, s.ContainerID, s.TimeNs, b.String())
	}
}
