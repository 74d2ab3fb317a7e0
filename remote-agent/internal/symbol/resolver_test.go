package symbol

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
)

// clock is a clock that tests turn by hand.
type clock struct {
	mutex sync.Mutex
	now   time.Time
}

func (c *clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *clock) turn(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(by)
}

func newTestResolver(t *testing.T, options Options) *FileResolver {
	t.Helper()
	resolver := NewResolver(options)
	t.Cleanup(func() {
		if err := resolver.Close(); err != nil {
			t.Error(err)
		}
	})
	return resolver
}

// newFakeResolver has a loader of the test's own.
func newFakeResolver(t *testing.T, options Options, load func(mapping *engine.Mapping, pids []uint32) (loaded, error)) *FileResolver {
	t.Helper()
	resolver := newTestResolver(t, options)
	resolver.mutex.Lock()
	resolver.load = load
	resolver.mutex.Unlock()
	return resolver
}

func nameAt(t *testing.T, resolver *FileResolver, mapping *engine.Mapping, address uint64) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	lines, err := resolver.Resolve(ctx, mapping, address)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) == 0 {
		return ""
	}
	return lines[0].Function
}

// tableWith is a table of one function at [0x1000, 0x1100), with padding so that its size can be chosen.
func tableWith(name string) *Table {
	builder := &tableBuilder{names: append([]byte(name), 0), symbols: []symbol{{start: 0x1000, end: 0x1100, limit: 0x1100}}}
	return builder.build()
}

func start(t *testing.T, path string, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(path, arguments...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command
}

const waiting = `
#include <unistd.h>
__attribute__((noinline)) void wait_for_ever(void) { for (;;) pause(); }
int main(void) { wait_for_ever(); return 0; }
`

func buildWaiting(t *testing.T) string {
	directory := t.TempDir()
	write(t, filepath.Join(directory, "main.c"), waiting)
	run(t, directory, "gcc", "-O1", "-o", "waiting", "main.c")
	return filepath.Join(directory, "waiting")
}

// waitMapped waits until a started process has the file mapped.
func waitMapped(t *testing.T, pid uint32, path string) {
	t.Helper()
	for range 500 {
		if found, err := findMapped(pid, path); err == nil && len(found) > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("process %d does not map %s", pid, path)
}

func TestResolveAProgram(t *testing.T) {
	path := buildWaiting(t)
	address := addressOf(t, path, "wait_for_ever") + 5
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, path string)
		mapping func(mapping engine.Mapping) *engine.Mapping
		want    string
	}{
		{"as it is", nil, nil, "wait_for_ever"},
		{"by base name alone", nil, func(m engine.Mapping) *engine.Mapping { m.Path = filepath.Base(m.Path); return &m }, "wait_for_ever"},
		{"deleted", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, nil, "wait_for_ever"},
		{"replaced", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			run(t, "", "cp", "/bin/true", path)
		}, nil, "wait_for_ever"},
		{"by build-id where the identity differs", nil, func(m engine.Mapping) *engine.Mapping {
			m.FileID = "00112233445566778899aabbccddeeff"
			return &m
		}, "wait_for_ever"},
		{"other content than what was mapped", nil, func(m engine.Mapping) *engine.Mapping {
			m.FileID, m.BuildID = "00112233445566778899aabbccddeeff", "0011"
			return &m
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "waiting")
			run(t, "", "cp", path, program)
			pid := uint32(start(t, program).Process.Pid)
			waitMapped(t, pid, program)
			mapping := mappingOf(t, program)
			if test.mapping != nil {
				mapping = test.mapping(*mapping)
			}
			if test.prepare != nil {
				test.prepare(t, program)
			}
			resolver := newTestResolver(t, Options{})
			resolver.Observe(pid, mapping)
			if got := nameAt(t, resolver, mapping, address); got != test.want {
				t.Errorf("got %q, want %q; %v", got, test.want, resolver.Counters())
			}
			if got := nameAt(t, resolver, mapping, 0x10); got != "" {
				t.Errorf("an address outside of all code is called %q", got)
			}
		})
	}
}

func TestNamesOutliveTheProcess(t *testing.T) {
	path := buildWaiting(t)
	mapping, address := mappingOf(t, path), addressOf(t, path, "wait_for_ever")
	process := start(t, path)
	waitMapped(t, uint32(process.Process.Pid), path)
	resolver := newTestResolver(t, Options{})
	resolver.Observe(uint32(process.Process.Pid), mapping)
	if got := nameAt(t, resolver, mapping, address); got != "wait_for_ever" {
		t.Fatalf("got %q", got)
	}
	_ = process.Process.Kill()
	_ = process.Wait()
	if got := nameAt(t, resolver, mapping, address); got != "wait_for_ever" {
		t.Errorf("after the end of the process: got %q", got)
	}
}

func TestResolveInAnotherRoot(t *testing.T) {
	directory := t.TempDir()
	pid := startIn(t, directory)
	waitMapped(t, pid, "sleep")
	mapping := mappingOf(t, filepath.Join(directory, "sleep"))
	mapping.Path = "/sleep"
	resolver := newTestResolver(t, Options{})
	resolver.Observe(pid, mapping)
	if got := nameAt(t, resolver, mapping, addressOf(t, filepath.Join(directory, "sleep"), "main")); got != "main" {
		t.Errorf("got %q; %v", got, resolver.Counters())
	}
}

func TestResolvePythonExtensionAndLibraries(t *testing.T) {
	for _, python := range []string{"/usr/bin/python3", "/root/.pyenv/versions/3.11.7/bin/python3"} {
		t.Run(python, func(t *testing.T) {
			if _, err := os.Stat(python); err != nil {
				missing(t, err.Error())
			}
			process := start(t, python, "-c", "import _hashlib, time; time.sleep(600)")
			pid := uint32(process.Process.Pid)
			maps := "/proc/" + strconv.Itoa(int(pid)) + "/maps"
			resolver := newTestResolver(t, Options{})
			for _, library := range []struct{ part, function string }{
				{"/_hashlib.", "PyInit__hashlib"}, {"/libcrypto.", "EVP_DigestUpdate"}, {"/libc.so.6", "qsort"},
			} {
				path := mappedPath(t, maps, library.part)
				mapping := mappingOf(t, path)
				mapping.Path = filepath.Base(path)
				resolver.Observe(pid, mapping)
				found := false
				for _, f := range definedFunctions(t, path, true) {
					if f.Name == library.function {
						found = true
						if got := nameAt(t, resolver, mapping, f.Value+1); got != library.function {
							t.Errorf("%s: got %q, want %q; %v", path, got, library.function, resolver.Counters())
						}
					}
				}
				if !found {
					t.Errorf("%s does not export %s", path, library.function)
				}
			}
			t.Log(resolver.Counters())
		})
	}
}

// mappedPath waits for an executable mapping whose path has a part, and returns the path.
func mappedPath(t *testing.T, maps, part string) string {
	t.Helper()
	for range 500 {
		text, err := os.ReadFile(maps)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) == 6 && strings.Contains(fields[1], "x") && strings.Contains(fields[5], part) {
				return fields[5]
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q is not mapped", part)
	return ""
}

func TestResolveVDSO(t *testing.T) {
	content, err := readVDSO()
	if err != nil {
		missing(t, err.Error())
	}
	identity, err := fileIdentity(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "vdso.so")
	write(t, path, string(content))
	resolver := newTestResolver(t, Options{})
	for _, name := range []string{"[vdso]", "linux-vdso.1.so"} {
		mapping := &engine.Mapping{FileID: identity, Path: name}
		for _, f := range definedFunctions(t, path, true) {
			if got := nameAt(t, resolver, mapping, f.Value); !strings.HasSuffix(got, "clock_gettime") && strings.HasSuffix(f.Name, "clock_gettime") {
				t.Errorf("got %q for %s", got, f.Name)
			}
		}
	}
	foreign := &engine.Mapping{FileID: "ffffffffffffffffffffffffffffffff", Path: "[vdso]"}
	if got := nameAt(t, resolver, foreign, definedFunctions(t, path, true)[0].Value); got != "" {
		t.Errorf("another vDSO got a name of ours: %q", got)
	}
}

func TestRefusedFilesAreTriedAgainLater(t *testing.T) {
	tests := []struct {
		name  string
		first loaded
		err   error
		want  string // before the second look
	}{
		{"no names", loaded{}, refuse(ReasonNoSymbols, "none"), ""},
		{"exported names only", loaded{table: tableWith("exported")}, nil, "exported"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hours := &clock{now: time.Unix(1000, 0)}
			calls := 0
			news := make(chan string, 8)
			resolver := newFakeResolver(t, Options{Now: hours.Now, RetryAfter: time.Minute, OnNames: func(id string) { news <- id }},
				func(*engine.Mapping, []uint32) (loaded, error) {
					if calls++; calls == 1 {
						return test.first, test.err
					}
					builder := &tableBuilder{names: []byte("late\x00other\x00"), symbols: []symbol{
						{start: 0x1000, end: 0x1100, limit: 0x1100}, {start: 0x2000, end: 0x2100, limit: 0x2100, name: 5},
					}}
					return loaded{table: builder.build(), complete: true}, nil
				})
			mapping := &engine.Mapping{FileID: "a", Path: "/lib/a"}
			resolver.Observe(1, mapping)
			for range 3 {
				if got := nameAt(t, resolver, mapping, 0x1000); got != test.want {
					t.Fatalf("got %q, want %q", got, test.want)
				}
				resolver.Observe(1, mapping)
			}
			hours.turn(61 * time.Second)
			resolver.Observe(1, mapping)
			for test.want != "" && len(news) < 2 { // the old table serves while the file is read again
				time.Sleep(time.Millisecond)
			}
			if got := nameAt(t, resolver, mapping, 0x1000); got != "late" {
				t.Errorf("later: got %q", got)
			}
			hours.turn(time.Hour)
			resolver.Observe(1, mapping)
			if got := nameAt(t, resolver, mapping, 0x2000); got != "other" || calls != 2 {
				t.Errorf("a complete table was read again: %d calls, %q", calls, got)
			}
			if <-news != "a" {
				t.Error("nobody was told of the names")
			}
		})
	}
}

func TestTablesStayWithinTheirBytes(t *testing.T) {
	name := strings.Repeat("n", 1000)
	perTable := tableWith(name).Bytes()
	loads := map[string]int{}
	resolver := newFakeResolver(t, Options{TableBytes: 4 * perTable}, func(mapping *engine.Mapping, _ []uint32) (loaded, error) {
		loads[mapping.FileID]++
		if mapping.FileID == "giant" {
			return loaded{table: tableWith(strings.Repeat(name, 3)), complete: true}, nil
		}
		return loaded{table: tableWith(name), complete: true}, nil
	})
	mappings := map[string]*engine.Mapping{}
	for i := range 10 {
		id := strconv.Itoa(i)
		mappings[id] = &engine.Mapping{FileID: id, Path: "/lib/" + id}
		resolver.Observe(7, mappings[id])
		if got := nameAt(t, resolver, mappings[id], 0x1000); got != name {
			t.Fatalf("got %q", got)
		}
		nameAt(t, resolver, mappings["0"], 0x1000) // used again and again: stays
	}
	counted := resolver.Counters()
	if counted[gaugeTables] != 4 || int64(counted[gaugeTableBytes]) != 4*perTable || counted[counterEvicted] != 6 {
		t.Errorf("got %v", counted)
	}
	resolver.Observe(7, mappings["1"]) // an evicted one is not read again because it is seen,
	if got := nameAt(t, resolver, mappings["1"], 0x1000); got != name || loads["0"] != 1 || loads["1"] != 2 {
		t.Errorf("got %q after eviction, loads %v", got, loads) // but because it is asked for
	}
	giant := &engine.Mapping{FileID: "giant", Path: "/lib/x"}
	resolver.Observe(7, giant)
	if got := nameAt(t, resolver, giant, 0x1000); got != "" || resolver.Counters()[counterRefused+string(ReasonTooMany)] != 1 {
		t.Errorf("a table of more than half of all memory was kept: %v", resolver.Counters())
	}
}

func TestObserveNeverBlocksAndCountsWhatItDrops(t *testing.T) {
	release := make(chan struct{})
	resolver := newFakeResolver(t, Options{}, func(*engine.Mapping, []uint32) (loaded, error) {
		<-release
		return loaded{table: tableWith("f"), complete: true}, nil
	})
	within(t, 10*time.Second, func() {
		for i := range maxQueue + 100 {
			resolver.Observe(1, &engine.Mapping{FileID: strconv.Itoa(i), Path: "/lib/x"})
		}
	})
	if dropped := resolver.Counters()[counterDropped]; dropped < 99 || dropped > 100 { // the worker may have taken one
		t.Errorf("%d were dropped", dropped)
	}
	close(release)
	last := &engine.Mapping{FileID: strconv.Itoa(maxQueue + 99), Path: "/lib/x"}
	for range 1000 { // what was dropped is taken up by a later look
		lines, err := resolver.Resolve(t.Context(), last, 0x1000)
		if len(lines) == 1 {
			return
		}
		if !errors.Is(err, ErrNotReady) {
			t.Fatalf("got %v, %v", lines, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("a dropped file never gets its names")
}

func TestManyFilesAreForgotten(t *testing.T) {
	resolver := newFakeResolver(t, Options{}, func(*engine.Mapping, []uint32) (loaded, error) {
		return loaded{}, refuse(ReasonGone, "gone")
	})
	for i := range maxEntries + 500 {
		mapping := &engine.Mapping{FileID: strconv.Itoa(i), Path: "/lib/x"}
		resolver.Observe(1, mapping)
		nameAt(t, resolver, mapping, 1)
	}
	if got := len(resolver.entries); got > maxEntries {
		t.Errorf("%d files are remembered", got)
	}
}

func TestHungReaderIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	resolver := newFakeResolver(t, Options{HungAfter: 20 * time.Millisecond}, func(mapping *engine.Mapping, _ []uint32) (loaded, error) {
		if strings.HasPrefix(mapping.FileID, "hang") {
			<-release
		}
		return loaded{table: tableWith("fine"), complete: true}, nil
	})
	fine := func(id string) string {
		mapping := &engine.Mapping{FileID: id, Path: "/lib/x"}
		resolver.Observe(1, mapping)
		return nameAt(t, resolver, mapping, 0x1000)
	}
	for i := range maxHung {
		if got := fine("fine" + strconv.Itoa(i)); got != "fine" {
			t.Fatalf("with %d readers that hang: got %q", i, got)
		}
		if got := fine("hang" + strconv.Itoa(i)); got != "" {
			t.Fatalf("a hung reader answered %q", got)
		}
	}
	if got := fine("last"); got != "" {
		t.Errorf("with %d readers that hang the resolver still reads", maxHung)
	}
	if got := resolver.Counters()[counterRefused+string(ReasonHung)]; got != maxHung+1 {
		t.Errorf("%d refused as hung", got)
	}
}

func TestPanicCostsOneFile(t *testing.T) {
	var log bytes.Buffer
	resolver := newFakeResolver(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(mapping *engine.Mapping, _ []uint32) (loaded, error) {
		if mapping.FileID == "evil" {
			panic("index out of range")
		}
		return loaded{table: tableWith("fine"), complete: true}, nil
	})
	for id, want := range map[string]string{"evil": "", "good": "fine"} {
		mapping := &engine.Mapping{FileID: id, Path: "/lib/x"}
		resolver.Observe(1, mapping)
		if got := nameAt(t, resolver, mapping, 0x1000); got != want {
			t.Errorf("%s: got %q", id, got)
		}
	}
	if resolver.Counters()[counterRefused+string(ReasonPanic)] != 1 || !strings.Contains(log.String(), "index out of range") {
		t.Errorf("the panic is hidden: %v %s", resolver.Counters(), log.String())
	}
}

func TestCloseAnswersThoseWhoWait(t *testing.T) {
	release := make(chan struct{})
	started := make(chan struct{}, 1)
	resolver := NewResolver(Options{})
	resolver.mutex.Lock()
	resolver.load = func(*engine.Mapping, []uint32) (loaded, error) {
		started <- struct{}{}
		<-release
		return loaded{}, refuse(ReasonGone, "gone")
	}
	resolver.mutex.Unlock()
	reading, queued := &engine.Mapping{FileID: "reading", Path: "/lib/x"}, &engine.Mapping{FileID: "queued", Path: "/lib/x"}
	resolver.Observe(1, reading)
	<-started
	resolver.Observe(1, queued)
	answers := make(chan error, 2)
	for _, mapping := range []*engine.Mapping{reading, queued} {
		go func() {
			_, err := resolver.Resolve(context.Background(), mapping, 1)
			answers <- err
		}()
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		close(release)
	}()
	if err := resolver.Close(); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, func() {
		for range 2 {
			if err := <-answers; !errors.Is(err, ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
	})
	resolver.Observe(1, queued)
	if _, err := resolver.Resolve(context.Background(), queued, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: got %v", err)
	}
	if err := resolver.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func TestFileThatWasNeverObserved(t *testing.T) {
	resolver := newTestResolver(t, Options{})
	mapping := &engine.Mapping{FileID: "unseen", Path: "/lib/unseen"}
	for range 2 {
		if lines, err := resolver.Resolve(t.Context(), mapping, 1); lines != nil || !errors.Is(err, ErrNotReady) {
			t.Errorf("got %v, %v", lines, err)
		}
	}
	resolver.Observe(uint32(os.Getpid()), mapping) // which does not map it either
	if got := nameAt(t, resolver, mapping, 1); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestAnonymousMemoryIsNotLookedFor(t *testing.T) {
	resolver := newFakeResolver(t, Options{}, func(*engine.Mapping, []uint32) (loaded, error) {
		t.Error("anonymous memory was read as a file")
		return loaded{}, refuse(ReasonGone, "gone")
	})
	for _, mapping := range []*engine.Mapping{nil, {FileID: "anonymous"}} {
		resolver.Observe(1, mapping)
		if got := nameAt(t, resolver, mapping, 0x1000); got != "" {
			t.Errorf("got %q", got)
		}
	}
}

func TestResolveEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	resolver := newFakeResolver(t, Options{}, func(*engine.Mapping, []uint32) (loaded, error) {
		<-release
		return loaded{}, refuse(ReasonGone, "gone")
	})
	mapping := &engine.Mapping{FileID: "slow", Path: "/lib/x"}
	resolver.Observe(1, mapping)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := resolver.Resolve(ctx, mapping, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	resolver := newFakeResolver(t, Options{TableBytes: 10 * tableWith("f").Bytes()}, func(mapping *engine.Mapping, _ []uint32) (loaded, error) {
		if strings.HasSuffix(mapping.FileID, "3") {
			return loaded{}, refuse(ReasonGone, "gone")
		}
		return loaded{table: tableWith("f"), complete: true}, nil
	})
	var callers sync.WaitGroup
	for caller := range 8 {
		callers.Go(func() {
			for i := range 500 {
				mapping := &engine.Mapping{FileID: strconv.Itoa((i * (caller + 1)) % 40), Path: "/lib/x"}
				resolver.Observe(uint32(caller), mapping)
				lines, err := resolver.Resolve(context.Background(), mapping, 0x1000)
				if err != nil || (lines == nil) != strings.HasSuffix(mapping.FileID, "3") {
					t.Errorf("%s: %v %v", mapping.FileID, lines, err)
				}
				resolver.Counters()
			}
		})
	}
	callers.Wait()
}
