package store

import (
	"strings"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

func fated(startMs int64, service string, fate window.Fate, windows ...*window.Window) window.Interval {
	interval := window.Interval{
		Start: time.UnixMilli(startMs), End: time.UnixMilli(startMs + stepMs), PeriodNs: period, Windows: windows,
	}
	interval.Fates = []window.ServiceFate{{Labels: []target.Label{{Name: "service_name", Value: service}}, Fate: fate}}
	return interval
}

func TestFatesAddUp(t *testing.T) {
	s := openStore(t, nil)
	for i, fate := range []window.Fate{
		{Measured: true, Fired: 10, NewProcess: 1, TailCallFailed: 1, Delivered: 8, NoRoom: 2, SchedulerNs: 7e7, Ended: 1},
		{Measured: true, Fired: 10, Delivered: 7},           // 3 are missing
		{Measured: true, Fired: 10, Delivered: 11, Late: 1}, // one of them comes late
		{Fired: 0, Delivered: 5},
		{Measured: true, Fired: 6, Delivered: 4}, // 2 are on their way
	} {
		if err := s.Append(t.Context(), fated(baseMs+int64(i)*stepMs, "web", fate), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Append(t.Context(), fated(baseMs, "other", window.Fate{Measured: true, Fired: 100}), nil); err != nil {
		t.Fatal(err)
	}
	trust, err := s.Trust(t.Context(), selection(`{service_name="web"}`, baseMs, baseMs+5*stepMs))
	if err != nil {
		t.Fatal(err)
	}
	want := Fates{
		Fired: 36, NewProcess: 1, TailCallFailed: 1, Delivered: 35, Late: 1, NoRoom: 2, Missing: 2, InFlight: 2,
		SampledNs: 35 * period, SchedulerNs: 7e7, Ended: 1, Windows: 5, Unmeasured: 1, Unbalanced: 2, FirstUnbalancedMs: baseMs + stepMs,
	}
	if trust.Fates != want {
		t.Errorf("got  %+v\nwant %+v", trust.Fates, want)
	}
	// A selection of threads has no fate: the kernel counts by process.
	trust, err = s.Trust(t.Context(), selection(`{service_name="web",thread="a"}`, baseMs, baseMs+5*stepMs))
	if err != nil || trust.Fates != (Fates{}) {
		t.Errorf("%+v %v", trust, err)
	}
}

func TestTrustOfStacks(t *testing.T) {
	s := openStore(t, nil)
	w := windowOf("web", baseMs, "1/a main>view>0x1000 4", "1/a main>0x2000 2", "1/a main>other:0x10>0x1000 1", "1/a main>only 1")
	w.Stacks = append(w.Stacks, window.Stack{
		Hash:   [16]byte{200},
		Frames: []*engine.Frame{{Kind: engine.KindPython, Function: "leaf"}, {Kind: engine.KindError, Function: "[stack cut: native pc read]"}},
	})
	w.Counts = append(w.Counts, window.Count{Stack: uint32(len(w.Stacks) - 1), Count: 2})
	w.Stacks = append(w.Stacks, stackOf("0x3000>0x1000"))
	w.Counts = append(w.Counts, countOf(len(w.Stacks)-1))
	s.must(t, w)
	waiting, err := s.UnnamedLocations(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, location := range waiting {
		if location.Address != 0x1000 {
			continue
		}
		if err := s.NameLocations(t.Context(), []Naming{{Location: location, Lines: []symbol.Line{{Function: "f", File: "f.c", Line: 1}}}}); err != nil {
			t.Fatal(err)
		}
	}
	trust, err := s.Trust(t.Context(), selection("{}", baseMs, baseMs+stepMs))
	if err != nil {
		t.Fatal(err)
	}
	if trust.TotalNs != 11*period || trust.CutNs != 2*period || len(trust.Cuts) != 1 || trust.Cuts[0].Reason != "[stack cut: native pc read]" {
		t.Errorf("%+v", trust)
	}
	if trust.NativeNs != 8*period || trust.NamedNs != 4*period || trust.LinedNs != 6*period {
		t.Errorf("of %d native, %d named, %d with lines", trust.NativeNs/period, trust.NamedNs/period, trust.LinedNs/period)
	}
	if len(trust.Mappings) != 2 || trust.Mappings[0].Path != libfoo.Path || trust.Mappings[0].NamedNs != 5*period || trust.Mappings[0].LinedNs != 6*period || trust.Mappings[1].NamedNs != 0 {
		t.Errorf("%+v", trust.Mappings)
	}
	if trust.Mappings[0].Mend != "" || !strings.Contains(trust.Mappings[1].Mend, "debug symbols of libother.so are not installed") {
		t.Errorf("%q, %q", trust.Mappings[0].Mend, trust.Mappings[1].Mend)
	}
	if len(trust.Runtimes) != 1 || trust.Runtimes[0] != (Runtime{Name: "Python"}) {
		t.Errorf("%+v", trust.Runtimes)
	}
}

func TestMendsSayWhatToDo(t *testing.T) {
	for _, test := range []struct {
		coverage Coverage
		want     string
	}{
		{Coverage{Path: "/usr/lib/x86_64-linux-gnu/libc.so.6", BuildID: "abcd", ValueNs: 100}, "apt-get install libc6-dbg"},
		{Coverage{Path: "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", BuildID: "abcd", ValueNs: 100}, "apt-get install libc6-dbg"},
		{Coverage{Path: "/usr/bin/python3.11", BuildID: "abcd", ValueNs: 100}, "apt-get install python3.11-dbg"},
		{Coverage{Path: "/lib/ld-musl-x86_64.so.1", ValueNs: 100}, "apk add musl-dbg"},
		{Coverage{Path: "/usr/lib/libpq.so.5", BuildID: "abcd", ValueNs: 100}, "/usr/lib/debug/.build-id/ab/cd.debug on the server"},
		{Coverage{Path: "/app/server", BuildID: "abcd", ValueNs: 100}, "build it with -g"},
		{Coverage{Path: "/usr/lib/libpq.so.5", BuildID: "a", ValueNs: 100}, ".debug on the server"},
		{Coverage{Path: "", ValueNs: 100}, "code made at run time"},
		{Coverage{Path: "/usr/lib/libpq.so.5", ValueNs: 100, NamedNs: 98}, ""},
		{Coverage{Path: "/usr/lib/libpq.so.5", ValueNs: 100, NamedNs: 50, LinedNs: 50}, ""},
		{Coverage{Path: "[vdso]", ValueNs: 100}, ""},
	} {
		if got := mendOf(&test.coverage); !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
			t.Errorf("%+v: got %q, want %q", test.coverage, got, test.want)
		}
	}
}

func TestRuntimesByTheirFiles(t *testing.T) {
	kinds := map[engine.FrameKind]bool{engine.KindPython: true, "hotspot": true, "v8": true, "go": true, engine.KindNative: true, "php": true, "ruby": true}
	paths := map[string]bool{
		"/usr/local/lib/libpython3.12.so.1.0": true, "/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so": true,
		"/root/.nvm/versions/node/v20.20.1/bin/node": true, "/usr/sbin/php-fpm8.2": false, "/usr/lib/libruby-3.1.so.3.1": true, "/usr/bin/php8.2": true,
	}
	var got []string
	for _, runtime := range runtimesOf(kinds, paths) {
		got = append(got, strings.TrimSpace(runtime.Name+" "+runtime.Version))
	}
	if text := strings.Join(got, ", "); text != "Go, JVM 17, Node.js 20.20.1, PHP 8.2, Python 3.12, Ruby 3.1" {
		t.Error(text)
	}
}
