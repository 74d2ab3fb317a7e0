package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/privilege"
	"pyrometer.dev/remote-agent/internal/symbol"
)

// trampolines calls functions in functions, each through a trampoline that CPython makes at run time.
const trampolines = `def innermost():
    return sum(i * i for i in range(20000))
def middle():
    return innermost()
def outermost():
    while True:
        middle()
print("ready", flush=True)
outermost()
`

// perfPython is a command that runs Python with a perf map.
func perfPython(t *testing.T) string {
	t.Helper()
	candidates := []string{"python3.13", "python3.12"}
	if home, err := os.UserHomeDir(); err == nil { // where pyenv keeps versions that are not switched on
		found, _ := filepath.Glob(filepath.Join(home, ".pyenv/versions/3.1[2-9]*/bin/python3"))
		candidates = append(candidates, found...)
	}
	for _, name := range candidates {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		output, err := exec.Command(path, "-X", "perf", "-c", "import sys; print(sys.executable, sys.is_stack_trampoline_active())").Output()
		if executable, active, ok := strings.Cut(strings.TrimSpace(string(output)), " "); err == nil && ok && active == "True" {
			return executable
		}
	}
	skipOrFail(t, "there is no python3.12 or python3.13 with -X perf")
	return ""
}

// TestStacksGoOnThroughMadeCode runs a real program whose every function is called through code that lies in no file.
func TestStacksGoOnThroughMadeCode(t *testing.T) {
	if report := privilege.Preflight(t.TempDir()); len(report.Refusals) > 0 {
		skipOrFail(t, report.Refusals[0].Message)
	}
	python := perfPython(t)
	if _, err := privilege.MountTracefs(); err != nil {
		t.Fatal(err)
	}
	if err := privilege.AllowMemlock(); err != nil {
		t.Fatal(err)
	}
	sink := &collector{samples: make(map[uint32][]*engine.Sample), observed: make(map[string]bool)}
	resolver := symbol.NewResolver(symbol.Options{})
	defer func() { _ = resolver.Close() }()
	started, err := engine.Start(context.Background(), engine.Config{
		RateHz: 97, Sink: sink, ObserveMapping: resolver.Observe, Logger: slog.New(slog.DiscardHandler), PerfMap: symbol.NewPerfMaps().Find,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := started.Close(); err != nil {
			t.Error(err)
		}
	}()
	script := filepath.Join(t.TempDir(), "trampolines.py")
	if err := os.WriteFile(script, []byte(trampolines), 0o600); err != nil {
		t.Fatal(err)
	}
	pid := burn(t, python, "-X", "perf", script)
	mapPath := fmt.Sprintf("/tmp/perf-%d.map", pid)
	t.Cleanup(func() { _ = os.Remove(mapPath) })
	if err := started.Select(engine.Selection{PIDs: []uint32{pid}}); err != nil {
		t.Fatal(err)
	}
	var whole, cut int
	eventually(t, "whole stacks through the trampolines", func() bool {
		whole, cut = 0, 0
		for _, sample := range sink.of(pid) {
			functions, made := map[string]bool{}, 0
			for _, frame := range sample.Frames {
				functions[frame.Function] = true
				if frame.Mapping != nil && frame.Mapping.Path == mapPath && frame.Address > 1<<32 {
					made++
				}
			}
			switch {
			case functions["innermost"] && functions["middle"] && functions["outermost"] && functions["<module>"] && made >= 3:
				whole++
			case functions["innermost"]:
				cut++
			}
		}
		return whole > 50
	})
	t.Logf("%d whole stacks, %d cut before the first look", whole, cut)
	// Names come from the map that Python writes.
	wanted := map[string]bool{"py::innermost:" + script: false, "py::middle:" + script: false, "py::outermost:" + script: false}
	for _, sample := range sink.of(pid) {
		for _, frame := range sample.Frames {
			if frame.Mapping == nil || frame.Mapping.Path != mapPath {
				continue
			}
			lines, err := resolver.Resolve(t.Context(), frame.Mapping, frame.Address)
			if err != nil || len(lines) == 0 {
				t.Fatalf("%x has no name: %v", frame.Address, err)
			}
			wanted[lines[0].Function] = true
		}
	}
	for name, found := range wanted {
		if !found {
			t.Errorf("%s is not among %v", name, wanted)
		}
	}
}
