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
	// Frames of libfoo: 4 x 0x1000, 2 x 0x2000, 1 x 0x1000, 1 x (0x3000 and 0x1000); of libother: 1 x 0x10.
	if trust.NativeNs != 8*period || trust.LinedNs != 6*period || trust.FrameNs != 10*period || trust.NamedFrameNs != 6*period {
		t.Errorf("of %d native, %d with lines; of %d frames, %d named", trust.NativeNs/period, trust.LinedNs/period,
			trust.FrameNs/period, trust.NamedFrameNs/period)
	}
	if len(trust.Mappings) != 2 {
		t.Fatalf("%+v", trust.Mappings)
	}
	foo, other := trust.Mappings[0], trust.Mappings[1]
	if foo.Mapping != *libfoo || foo.FrameNs != 9*period || foo.NamedFrameNs != 6*period || foo.LinedNs != 6*period || other.NamedFrameNs != 0 {
		t.Errorf("%+v", trust.Mappings)
	}
	if foo.Mend(symbol.Owner{}) != "" || !strings.Contains(other.Mend(symbol.Owner{}), "debug symbols of libother.so are not installed") {
		t.Errorf("%q, %q", foo.Mend(symbol.Owner{}), other.Mend(symbol.Owner{}))
	}
	if len(trust.Runtimes) != 1 || trust.Runtimes[0] != (Runtime{Name: "Python"}) {
		t.Errorf("%+v", trust.Runtimes)
	}
}

func TestMendsSayWhatToDo(t *testing.T) {
	of := func(path, buildID string) Coverage {
		return Coverage{Mapping: engine.Mapping{Path: path, BuildID: buildID}, ValueNs: 100, FrameNs: 300, NamedFrameNs: 200}
	}
	with := func(c Coverage, change func(*Coverage)) Coverage { change(&c); return c }
	for _, test := range []struct {
		coverage Coverage
		owner    symbol.Owner
		want     string
	}{
		{of("/usr/lib/x86_64-linux-gnu/libc.so.6", "abcd"), symbol.Owner{}, "apt-get install libc6-dbg"},
		{of("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "abcd"), symbol.Owner{}, "apt-get install libc6-dbg"},
		{of("/usr/bin/python3.11", "abcd"), symbol.Owner{}, "apt-get install python3.11-dbg"},
		{of("/lib/ld-musl-x86_64.so.1", ""), symbol.Owner{}, "apk add musl-dbg"},
		{of("/usr/lib/libpq.so.5", "abcd"), symbol.Owner{}, "/usr/lib/debug/.build-id/ab/cd.debug on the server"},
		{of("/app/server", "abcd"), symbol.Owner{}, "build it with -g"},
		{of("/usr/lib/libpq.so.5", "a"), symbol.Owner{}, ".debug on the server"},
		{of("", ""), symbol.Owner{}, "code made at run time"},
		{with(of("/usr/lib/libpq.so.5", ""), func(c *Coverage) { c.NamedFrameNs = 294 }), symbol.Owner{}, ""},
		{with(of("/usr/lib/libpq.so.5", ""), func(c *Coverage) { c.LinedNs = 50 }), symbol.Owner{}, ""},
		{of("[vdso]", ""), symbol.Owner{}, ""},
		{
			of("python3.11", "abcd"),
			symbol.Owner{Manager: "dpkg", Package: "python3.11-minimal", Version: "3.11.2-6+deb12u6", Path: "/usr/bin/python3.11"},
			"debug symbols of python3.11 are not installed: apt-get install python3.11-dbg of version 3.11.2-6+deb12u6, in the image or on the server",
		},
		{of("libpython3.11.so.1.0", "abcd"), symbol.Owner{Manager: "dpkg", Package: "libpython3.11", Path: "/usr/lib/x/libpython3.11.so.1.0"}, "apt-get install python3.11-dbg, in"},
		{of("libc.so.6", "abcd"), symbol.Owner{Manager: "dpkg", Package: "libc6", Path: "/lib/libc.so.6"}, "apt-get install libc6-dbg, in"},
		{of("libpq.so.5", "abcd"), symbol.Owner{Manager: "dpkg", Package: "libpq5", Path: "/usr/lib/libpq.so.5"}, "apt-get install libpq5-dbgsym, in"},
		{of("libz.so.1", "abcd"), symbol.Owner{Manager: "apk", Package: "zlib", Path: "/lib/libz.so.1"}, "apk add zlib-dbg"},
		{of("libpq.so.5", "abcd"), symbol.Owner{Manager: "rpm", Path: "/usr/lib64/libpq.so.5"}, "dnf debuginfo-install $(rpm -qf /usr/lib64/libpq.so.5)"},
		{of("$(x)", "abcd"), symbol.Owner{Manager: "rpm", Path: "/usr/lib64/$(x)"}, "/usr/lib/debug/.build-id/ab/cd.debug"},
		{of("server", "abcd"), symbol.Owner{Manager: "rpm", Path: "/app/server"}, "build it with -g"},
	} {
		if got := test.coverage.Mend(test.owner); !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
			t.Errorf("%+v, %+v: got %q, want %q", test.coverage, test.owner, got, test.want)
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
