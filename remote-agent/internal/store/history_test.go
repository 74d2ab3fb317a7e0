package store

import (
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

	"github.com/google/pprof/profile"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// lateResolver knows nothing until symbols are installed; then Recheck finds them, as symbol.FileResolver does.
type lateResolver struct {
	mu        sync.Mutex
	installed bool
	onNames   func(fileID string, all bool)
}

func (*lateResolver) Observe(uint32, *engine.Mapping) {}

func (r *lateResolver) Recheck(mapping *engine.Mapping) {
	r.mu.Lock()
	installed := r.installed
	r.mu.Unlock()
	if installed {
		r.onNames(mapping.FileID, true)
	}
}

func (r *lateResolver) Resolve(_ context.Context, _ *engine.Mapping, address uint64) ([]symbol.Line, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.installed:
		return []symbol.Line{{Function: fmt.Sprintf("f_%x", address), SystemName: "f", File: "foo.c", Line: 7, StartLine: 1}}, nil
	case address == 0x1000: // exported: a name without a file
		return []symbol.Line{{Function: "exported", SystemName: "exported"}}, nil
	default:
		return nil, nil
	}
}

// coverage is the share of native samples whose frame has a function, and of those with a line.
func coverage(p *profile.Profile) (named, lined float64) {
	var all int64
	for _, s := range p.Sample {
		leaf := s.Location[0]
		all += s.Value[0]
		if !strings.Contains(leaf.Line[0].Function.Name, "+0x") {
			named += float64(s.Value[0])
		}
		if leaf.Line[0].Line > 0 {
			lined += float64(s.Value[0])
		}
	}
	return named / float64(all), lined / float64(all)
}

func TestSymbolsInstalledLaterNameYesterday(t *testing.T) {
	s := openStore(t, nil)
	r := &lateResolver{}
	z := NewSymbolizer(s, r, slog.New(slog.DiscardHandler))
	r.onNames = z.Renew
	s.must(t, windowOf("web", baseMs, "1/a 0x1000 1", "1/a 0x2000 2", "1/a 0x3000 1"))
	for z.nameSome(t.Context()) {
	}
	yesterday := selection("{}", baseMs, baseMs+stepMs)
	if named, lined := coverage(merged(t, s, yesterday)); named != 0.25 || lined != 0 {
		t.Errorf("before: %v named, %v with lines", named, lined)
	}
	z.recheck(t.Context()) // nothing has come
	z.renew(t.Context())
	if n, err := s.CountUnnamed(t.Context()); n != 0 || err != nil {
		t.Errorf("%d wait although nothing came, %v", n, err)
	}

	r.mu.Lock()
	r.installed = true
	r.mu.Unlock()
	z.recheck(t.Context())
	z.renew(t.Context())
	p := merged(t, s, yesterday)
	if named, _ := coverage(p); named != 0.25 {
		t.Errorf("a name was lost while it was asked for again: %v", named)
	}
	for z.nameSome(t.Context()) {
	}
	if named, lined := coverage(merged(t, s, yesterday)); named != 1 || lined != 1 {
		t.Errorf("after: %v named, %v with lines", named, lined)
	}

	// What is known stays, when the file cannot be read any more.
	if err := s.renewNames(t.Context(), libfoo.FileID, true); err != nil {
		t.Fatal(err)
	}
	waiting, err := s.UnnamedLocations(t.Context(), 10)
	if err != nil || len(waiting) != 3 {
		t.Fatalf("%d wait, %v", len(waiting), err)
	}
	if err := s.NameLocations(t.Context(), []Naming{{Location: waiting[0]}}); err != nil {
		t.Fatal(err)
	}
	for range maxAttempts {
		if err := s.postpone(t.Context(), waiting[1:]); err != nil {
			t.Fatal(err)
		}
	}
	if named, lined := coverage(merged(t, s, yesterday)); named != 1 || lined != 1 {
		t.Errorf("names were lost: %v named, %v with lines", named, lined)
	}
}

// TestInlinedCallsOfARealProgram goes all the way from a program on disk to several lines of one location in a pprof.
func TestInlinedCallsOfARealProgram(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	directory := t.TempDir()
	source, program := filepath.Join(directory, "oven.c"), filepath.Join(directory, "oven")
	err := os.WriteFile(source, []byte(`
#include <unistd.h>
volatile int heat;
static inline __attribute__((always_inline)) void stoke(int n) { heat += n; }
__attribute__((noinline)) void burn(void) { for (;;) { stoke(3); pause(); } }
int main(void) { burn(); return 0; }
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("gcc", "-O1", "-g", "-Wl,--build-id", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	process := exec.Command(program)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = process.Process.Kill(); _ = process.Wait() }()
	symbols, err := exec.Command("nm", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	var start uint64
	for line := range strings.Lines(string(symbols)) {
		if strings.HasSuffix(line, " burn\n") {
			if _, err := fmt.Sscanf(line, "%x", &start); err != nil {
				t.Fatal(err)
			}
		}
	}
	notes, err := exec.Command("readelf", "-n", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, buildID, _ := strings.Cut(string(notes), "Build ID: ")
	mapping := &engine.Mapping{FileID: "feedbeef00000000", BuildID: strings.TrimSpace(buildID[:40]), Path: program}

	s := openStore(t, nil)
	var z *Symbolizer
	resolver := symbol.NewResolver(symbol.Options{Directory: directory, OnNames: func(id string, all bool) { z.Renew(id, all) }})
	z = NewSymbolizer(s, resolver, slog.New(slog.DiscardHandler))
	defer func() { _ = resolver.Close() }()
	resolver.Observe(uint32(process.Process.Pid), mapping)
	w := &window.Window{
		Labels: []target.Label{{Name: "service_name", Value: "oven"}}, Type: window.CPU, Period: 1,
		Start: time.UnixMilli(baseMs), End: time.UnixMilli(baseMs + stepMs), SampleLabels: []window.SampleLabels{{PID: 1, Thread: "x"}},
	}
	for i := range uint64(24) { // every address of the loop: one of them is in the inlined call
		stack := window.Stack{Frames: []*engine.Frame{{Kind: engine.KindNative, Mapping: mapping, Address: start + i}}}
		stack.Hash[0] = byte(i)
		w.Stacks = append(w.Stacks, stack)
		w.Counts = append(w.Counts, window.Count{Stack: uint32(i), Count: 1})
	}
	s.must(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { z.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for {
		for _, location := range merged(t, s, selection("{}", baseMs, baseMs+stepMs)).Location {
			if len(location.Line) != 2 {
				continue
			}
			inner, outer := location.Line[0], location.Line[1]
			if inner.Function.Name != "stoke" || inner.Line != 4 || outer.Function.Name != "burn" || outer.Line != 5 ||
				inner.Function.Filename != source || !location.Mapping.HasInlineFrames {
				t.Errorf("got %+v in %+v", inner, outer)
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
