package symbol

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
)

// linesAt waits until an address has lines, which come after its name.
func linesAt(t *testing.T, resolver *FileResolver, mapping *engine.Mapping, address uint64) []Line {
	t.Helper()
	for range 2000 {
		lines, err := resolver.Resolve(t.Context(), mapping, address)
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) > 0 && lines[0].File != "" {
			return lines
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no lines came")
	return nil
}

const inlining = `
#include <unistd.h>
volatile int heat;
static inline __attribute__((always_inline)) void stoke(int n) {
	heat += n;
}
__attribute__((noinline)) void burn(void) {
	for (;;) {
		stoke(3);
		pause();
	}
}
int main(void) { burn(); return 0; }
`

func buildInlining(t *testing.T) (program string, inside uint64) {
	directory := t.TempDir()
	write(t, filepath.Join(directory, "oven.c"), inlining)
	run(t, directory, "gcc", "-O1", "-g", "-o", "oven", "oven.c")
	program = filepath.Join(directory, "oven")
	index := indexOf(t, program, program, nil)
	for i := range index.counts[partRows] {
		row := index.numbers(partRows, i)
		if address := index.base + uint64(row[0]); len(index.lookup(address)) == 2 {
			return program, address
		}
	}
	t.Fatal("the compiler inlined nothing")
	return "", 0
}

func text(lines []Line) string {
	var parts []string
	for _, line := range lines {
		parts = append(parts, fmt.Sprintf("%s %s:%d from %d", line.Function, filepath.Base(line.File), line.Line, line.StartLine))
	}
	return strings.Join(parts, ", ")
}

func TestResolveGivesLinesAndInlinedCalls(t *testing.T) {
	program, inside := buildInlining(t)
	process := start(t, program)
	mapping := mappingOf(t, program)
	waitMapped(t, uint32(process.Process.Pid), program)
	directory := t.TempDir()
	renamed := make(chan bool, 10)
	resolver := newTestResolver(t, Options{Directory: directory, OnNames: func(_ string, all bool) { renamed <- all }})
	resolver.Observe(uint32(process.Process.Pid), mapping)
	const want = "stoke oven.c:5 from 4, burn oven.c:9 from 7"
	if got := text(linesAt(t, resolver, mapping, inside)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if first, second := <-renamed, <-renamed; first == second { // two workers, in either order
		t.Errorf("names came as %v, lines as %v", first, second)
	}

	// The next run of the agent has them without the file, and without a process that has it.
	_ = process.Process.Kill()
	_ = process.Wait()
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	again := newTestResolver(t, Options{Directory: directory})
	lines, err := again.Resolve(t.Context(), mapping, inside)
	if got := text(lines); got != want || err != nil {
		t.Errorf("after a restart: %q, %v", got, err)
	}
}

// TestInstalledSymbolsNameWhatIsGone: the process ended and its file was deleted; then a debug package is installed on the server.
func TestInstalledSymbolsNameWhatIsGone(t *testing.T) {
	program, inside := buildInlining(t)
	debug := filepath.Join(t.TempDir(), "oven.debug")
	run(t, "", "objcopy", "--only-keep-debug", program, debug)
	run(t, "", "strip", program)
	mapping := mappingOf(t, program)
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	server := t.TempDir()
	hours := &clock{now: time.Unix(1e9, 0)}
	counted := newCounters()
	cache, err := newLineCache(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	reader := &loader{counters: counted, own: openTestRoot(t, server), lines: cache}
	renewed := make(chan bool, 10)
	resolver := newTestResolver(t, Options{Now: hours.Now, RetryAfter: time.Minute, OnNames: func(_ string, all bool) { renewed <- all }})
	resolver.mutex.Lock()
	resolver.load, resolver.loadLines, resolver.lines = reader.load, reader.loadLines, cache
	resolver.mutex.Unlock()

	if lines, err := resolver.Resolve(t.Context(), mapping, inside); len(lines) > 0 || err != nil {
		t.Fatalf("before: %v, %v", lines, err)
	}
	waitForLines(t, resolver, mapping)
	run(t, "", "install", "-D", debug, filepath.Join(server, debugRoot, ".build-id", mapping.BuildID[:2], mapping.BuildID[2:]+".debug"))
	resolver.Recheck(mapping)
	if lines, _ := resolver.Resolve(t.Context(), mapping, inside); len(lines) > 0 {
		t.Errorf("it was looked for again before its time: %v", lines)
	}
	hours.turn(2 * time.Minute)
	resolver.Recheck(mapping)
	if first, second := <-renewed, <-renewed; first == second { // two workers, in either order
		t.Errorf("renewed %v, then %v", first, second)
	}
	const want = "stoke oven.c:5 from 4, burn oven.c:9 from 7"
	if got := text(linesAt(t, resolver, mapping, inside)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// waitForLines returns when the debug information of a file was looked for: that happens beside what Resolve waits for, and takes
// its time of the clock at its end.
func waitForLines(t *testing.T, resolver *FileResolver, mapping *engine.Mapping) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		resolver.mutex.Lock()
		waiting := resolver.entryOf(mapping).linesWaiting
		resolver.mutex.Unlock()
		switch {
		case !waiting:
			return
		case time.Now().After(deadline):
			t.Fatal("lines are still waited for")
		}
	}
}

func TestLineCacheKeepsWithinItsBytes(t *testing.T) {
	program, inside := buildInlining(t)
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	file, err := readImage(strings.NewReader(string(content)), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	write(t, filepath.Join(directory, "profiles.db"), strings.Repeat("x", 1<<20))
	cache, err := newLineCache(directory, 5000)
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	mappings := make([]*engine.Mapping, 30)
	for i := range mappings {
		mappings[i] = &engine.Mapping{FileID: fmt.Sprintf("%032x", i), Path: "/x"}
		builder, err := buildLineIndex(file, nil, file.segments, newAllowance(directory, func() {}))
		if err != nil {
			t.Fatal(err)
		}
		if err := cache.store(mappings[i], builder); err != nil {
			t.Fatal(err)
		}
		if len(cache.lookup(mappings[i], inside)) != 2 {
			t.Fatalf("index %d is not there", i)
		}
		past := time.Now().Add(time.Duration(i-100) * time.Second)
		name, _ := lineFileName(mappings[i])
		if err := os.Chtimes(filepath.Join(directory, name), past, past); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var bytes int64
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && entry.Name() != "profiles.db" {
			bytes += info.Size()
		}
	}
	if bytes > 5000 || bytes == 0 || cache.has(mappings[0]) || !cache.has(mappings[29]) {
		t.Errorf("%d bytes, the first is there: %v, the last: %v", bytes, cache.has(mappings[0]), cache.has(mappings[29]))
	}
	if _, err := os.Stat(filepath.Join(directory, "profiles.db")); err != nil {
		t.Error(err)
	}
	// A power cut leaves zeros; such an index is removed and made again.
	name, _ := lineFileName(mappings[29])
	cache.Close()
	write(t, filepath.Join(directory, name), strings.Repeat("\x00", 500))
	if lines := cache.lookup(mappings[29], inside); lines != nil || cache.has(mappings[29]) {
		t.Errorf("a damaged index gave %v", lines)
	}
	for _, identity := range []string{"../../etc/passwd", "short", strings.Repeat("a", 300), "abcdefgh/.."} {
		if _, ok := lineFileName(&engine.Mapping{FileID: identity}); ok {
			t.Errorf("%q became the name of a file", identity)
		}
	}
}

func TestLinesEndWithTheResolver(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	resolver := newFakeResolver(t, Options{Directory: t.TempDir()}, func(*engine.Mapping, []uint32, bool) (loaded, error) {
		return loaded{table: tableWith("f"), complete: true}, nil
	})
	resolver.mutex.Lock()
	resolver.loadLines = func(*engine.Mapping, []uint32, func()) (bool, error) {
		close(started)
		<-release
		return true, nil
	}
	resolver.mutex.Unlock()
	resolver.Observe(1, &engine.Mapping{FileID: "00000001", Path: "/a"})
	<-started
	// Names of other files do not wait for the lines of this one to be asked for: they wait for the one reader.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := resolver.Resolve(ctx, &engine.Mapping{FileID: "00000001", Path: "/a"}, 0x1000); err != nil {
		t.Errorf("a name that is known waits: %v", err)
	}
	close(release)
}
