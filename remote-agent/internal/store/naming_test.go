package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/pause"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
)

// resolver names addresses below 0x2000, knows nothing of those below 0x3000, and has an error for the others.
type resolver struct {
	mu       sync.Mutex
	asked    []uint64
	mappings map[*engine.Mapping]bool
	delay    time.Duration
}

func (*resolver) Observe(uint32, *engine.Mapping) {}
func (*resolver) Recheck(*engine.Mapping)         {}

func (r *resolver) Resolve(ctx context.Context, m *engine.Mapping, address uint64) ([]symbol.Line, error) {
	if r.delay > 0 && !pause.For(ctx, r.delay) {
		return nil, ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, address)
	if r.mappings == nil {
		r.mappings = map[*engine.Mapping]bool{}
	}
	r.mappings[m] = true
	switch {
	case address < 0x2000:
		return []symbol.Line{
			{Function: fmt.Sprintf("inlined_%x", address), SystemName: "_Zinl", File: "foo.h", Line: 3, StartLine: 1},
			{Function: "outer", SystemName: "_Zouter", File: "foo.c", Line: 40, StartLine: 30},
		}, nil
	case address < 0x3000:
		return nil, nil
	}
	return nil, errors.New("cannot read")
}

func TestNamesAmendHistory(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main>0x1234 1"), windowOf("db", baseMs, "2/a 0x1234 1", "2/a 0x2345 1"))
	s.must(t, windowOf("web", baseMs+hourMs, "1/a main>0x1234 1"))
	waiting, err := s.UnnamedLocations(t.Context(), 10)
	if err != nil || len(waiting) != 2 {
		t.Fatalf("%v %v", waiting, err)
	}
	if waiting[0].Mapping != libfoo || waiting[0].Address != 0x2345 {
		t.Errorf("the newest is not first, or its mapping is another value: %+v", waiting[0])
	}
	err = s.NameLocations(t.Context(), []Naming{
		{Location: waiting[1], Lines: []symbol.Line{
			{Function: "inner", SystemName: "_Zinner", File: "foo.h", Line: 3, StartLine: 1},
			{Function: "outer", SystemName: "_Zouter", File: "foo.c", Line: 40, StartLine: 30},
		}},
		{Location: waiting[0]},
		// A row that was deleted meanwhile, and whose id another address has now.
		{Location: UnnamedLocation{ID: waiting[0].ID, Mapping: libfoo, Address: 0x9999}, Lines: []symbol.Line{{Function: "wrong"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := merged(t, s, selection("{}", 1, baseMs*2))
	if got := folded(p); got != "libfoo.so+0x2345 1, main>outer>inner 2, outer>inner 1" {
		t.Error(got)
	}
	for _, l := range p.Location {
		if l.Address == 0x1234 && (l.Line[0].Function.SystemName != "_Zinner" || l.Line[0].Line != 3 || l.Line[1].Function.StartLine != 30 ||
			l.Mapping.BuildID != "b01d" || !l.Mapping.HasInlineFrames) {
			t.Errorf("%+v", l)
		}
	}
	if n, err := s.CountUnnamed(t.Context()); err != nil || n != 0 {
		t.Errorf("%d wait, although nothing names them: %v", n, err)
	}
	// Seen again, it is the same location, with its name.
	s.must(t, windowOf("web", baseMs+2*hourMs, "1/a other>0x1234 1"))
	if got := folded(merged(t, s, selection("{}", baseMs+2*hourMs, baseMs*2))); got != "other>outer>inner 1" {
		t.Error(got)
	}
}

func TestSymbolizerNamesBeforeAWindowIsStored(t *testing.T) {
	s := openStore(t, nil)
	r := &resolver{}
	z := NewSymbolizer(s, r, slog.New(slog.DiscardHandler))
	interval := intervalOf(windowOf("web", baseMs, "1/a main>0x1234 1", "1/a main>0x2345>0x1234 1"))
	if err := s.Append(t.Context(), interval, z.Before(t.Context(), interval, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := folded(merged(t, s, selection("{}", 1, baseMs*2))); got != "main>libfoo.so+0x2345>outer>inlined_1234 1, main>outer>inlined_1234 1" {
		t.Error(got)
	}
	z.Before(t.Context(), interval, time.Minute)
	if len(r.asked) != 2 {
		t.Errorf("asked for %x", r.asked)
	}
}

func TestSymbolizerKeepsItsBudget(t *testing.T) {
	s := openStore(t, nil)
	z := NewSymbolizer(s, &resolver{delay: time.Hour}, slog.New(slog.DiscardHandler))
	interval := intervalOf(windowOf("web", baseMs, "1/a 0x1234 1", "1/a 0x1235 1"))
	if names := z.Before(t.Context(), interval, 10*time.Millisecond); len(names) != 0 {
		t.Error(names)
	}
}

func TestSymbolizerNamesTheRestInTheBackground(t *testing.T) {
	s := openStore(t, nil)
	r := &resolver{}
	z := NewSymbolizer(s, r, slog.New(slog.DiscardHandler))
	recorder := NewRecorder(s, z, slog.New(slog.DiscardHandler))
	// Stored by an earlier run, so that Before never saw it.
	w := windowOf("web", baseMs)
	for i := range 600 {
		w.Stacks = append(w.Stacks, stackOf(fmt.Sprintf("main>0x%x", 0x1000+i)))
	}
	w.Stacks = append(w.Stacks, stackOf("0x2000"), stackOf("other:0x9000"), stackOf("other:0x9001"))
	for i := range w.Stacks {
		w.Counts = append(w.Counts, countOf(i))
	}
	w.SampleLabels = append(w.SampleLabels, windowOf("x", baseMs, "1/a x 1").SampleLabels...)
	s.must(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { z.Run(ctx) })
	running.Go(func() { recorder.Run(ctx) })
	closed, stop := recorder.Watch()
	recorder.Deliver(intervalOf(windowOf("web", baseMs+stepMs, "1/a 0x1fff 1")))
	<-closed
	stop()
	for {
		if n, err := s.CountUnnamed(t.Context()); err != nil || n == 0 {
			break
		}
		if counters := z.Counters(); counters.Named == 600 && counters.Failed > 0 {
			z.Wake() // what had an error is asked for again, a bounded number of times
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	running.Wait()
	if got := z.Counters(); got != (SymbolCounters{Named: 600, Unnamed: 1, Failed: maxAttempts}) {
		t.Errorf("%+v", got)
	}
	if len(r.mappings) != 2 {
		t.Error("equal mappings of one run came as several values")
	}
}

func TestOutgoingWindowsKeepTheOrderOfStoring(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main>x 1", "2/b main>x 2"))
	s.must(t, windowOf("web", baseMs-stepMs, "1/a main>late 1"))
	windows, err := s.WindowsAfter(t.Context(), 0, 10)
	if err != nil || len(windows) != 2 || windows[1].StartMs != baseMs-stepMs || windows[0].Type.Name != "process_cpu" {
		t.Fatalf("%+v %v", windows, err)
	}
	p, err := s.WindowProfile(t.Context(), windows[0].ID)
	if err != nil || folded(valid(t, p)) != "main>x 3" {
		t.Errorf("%v %v", p, err)
	}
	if n, err := s.CountAfter(t.Context(), windows[0].ID); err != nil || n != 1 {
		t.Errorf("%d %v", n, err)
	}
	for before, want := range map[int64]int64{baseMs: windows[1].ID, baseMs - stepMs: 0} {
		if id, err := s.PlaceBefore(t.Context(), before); err != nil || id != want {
			t.Errorf("%d %v", id, err)
		}
	}
	for _, left := range []int64{1, 2} { // of which 1, then 2 were deleted
		s.forgetWindows(t, baseMs-stepMs*(left-1), baseMs+1)
		if id, err := s.PlaceBefore(t.Context(), 0); err != nil || id != left {
			t.Errorf("%d %v", id, err)
		}
	}
	if gone, err := s.WindowProfile(t.Context(), 99); err != nil || gone != nil {
		t.Errorf("%v %v", gone, err)
	}
}

// pushed is a profile as an SDK makes it, of an unsymbolised, an inlined and a plain location.
func pushed() *profile.Profile {
	inner, outer := &profile.Function{ID: 1, Name: "inner", Filename: "a.go"}, &profile.Function{ID: 2, Name: "outer", Filename: "a.go"}
	mapping := &profile.Mapping{ID: 1, File: "/bin/app", BuildID: "cafe"}
	locations := []*profile.Location{
		{ID: 1, Mapping: mapping, Address: 0x10, Line: []profile.Line{{Function: inner, Line: 1}, {Function: outer, Line: 2}}},
		{ID: 2, Mapping: mapping, Address: 0x20},
	}
	return &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: period,
		TimeNanos: baseMs * 1e6, DurationNanos: 10e9,
		Function: []*profile.Function{inner, outer}, Location: locations, Mapping: []*profile.Mapping{mapping},
		Sample: []*profile.Sample{
			{Location: locations, Value: []int64{1, period}, Label: map[string][]string{"thread": {"t1"}}},
			{Location: locations, Value: []int64{2, 2 * period}, Label: map[string][]string{"thread": {"t2"}}},
			{Location: locations[:1], Value: []int64{4, 0}},
		},
	}
}

var sdk = []target.Label{{Name: "__name__", Value: "process_cpu"}, {Name: "service_name", Value: "sdk"}, {Name: "region", Value: "eu"}}

func TestPushedProfilesComeBack(t *testing.T) {
	s := openStore(t, nil)
	raw := packed(t, pushed())
	for range 2 { // a repetition after a lost answer counts once
		if err := s.AppendPushed(t.Context(), sdk, raw); err != nil {
			t.Fatal(err)
		}
	}
	p := merged(t, s, selection(`{service_name="sdk",region="eu"}`, baseMs, baseMs+1))
	if got := folded(p); got != "app+0x20>outer>inner 3" {
		t.Error(got)
	}
	if p.Mapping[0].File != "/bin/app" || p.Mapping[0].BuildID != "cafe" || p.Period != period || p.DurationNanos != 10e9 {
		t.Errorf("%+v %d", p.Mapping[0], p.Period)
	}
	if got := folded(merged(t, s, selection(`{thread="t2"}`, baseMs, baseMs+1))); got != "app+0x20>outer>inner 2" {
		t.Error(got)
	}
	types, err := s.ProfileTypes(t.Context(), Range{})
	if err != nil || fmt.Sprint(types) != "[process_cpu:cpu:nanoseconds:cpu:nanoseconds process_cpu:samples:count:cpu:nanoseconds]" {
		t.Errorf("%v %v", types, err)
	}
	if n, err := s.CountUnnamed(t.Context()); err != nil || n != 0 {
		t.Errorf("%d addresses of a pushed profile wait to be named: %v", n, err)
	}
}

func TestFilesThatGetNamesLaterAreAskedAgain(t *testing.T) {
	s := openStore(t, nil)
	z := NewSymbolizer(s, &resolver{}, slog.New(slog.DiscardHandler))
	s.must(t, windowOf("web", baseMs, "1/a main>0x1234 1"))
	waiting, err := s.UnnamedLocations(t.Context(), 10)
	if err != nil || len(waiting) != 1 {
		t.Fatal(waiting, err)
	}
	if err := s.NameLocations(t.Context(), []Naming{{Location: waiting[0]}}); err != nil { // nothing named it
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { z.Run(ctx) })
	z.Renew("another file", false)
	z.Renew(libfoo.FileID, false)
	for z.Counters().Named == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	running.Wait()
	if got := folded(merged(t, s, selection("{}", 1, baseMs*2))); got != "main>outer>inlined_1234 1" {
		t.Error(got)
	}
}
