package symbol

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
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

// newFakeResolver has a loader of the test's own.
func newFakeResolver(t *testing.T, options Options, load func(mapping *engine.Mapping, pids []uint32, again bool) (loaded, error)) *FileResolver {
	t.Helper()
	resolver := newTestResolver(t, options)
	resolver.mutex.Lock()
	resolver.load = load
	resolver.mutex.Unlock()
	return resolver
}

// tableWith is a table of one function at [0x1000, 0x1100), with padding so that its size can be chosen.
func tableWith(name string) *Table {
	builder := &tableBuilder{names: append([]byte(name), 0), symbols: []symbol{{start: 0x1000, end: 0x1100, limit: 0x1100}}}
	return builder.build()
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
			resolver := newFakeResolver(t, Options{Now: hours.Now, RetryAfter: time.Minute, OnNames: func(id string, _ bool) { news <- id }},
				func(*engine.Mapping, []uint32, bool) (loaded, error) {
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
	resolver := newFakeResolver(t, Options{TableBytes: 4 * perTable}, func(mapping *engine.Mapping, _ []uint32, _ bool) (loaded, error) {
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
	resolver := newFakeResolver(t, Options{}, func(*engine.Mapping, []uint32, bool) (loaded, error) {
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
	resolver := newFakeResolver(t, Options{}, func(*engine.Mapping, []uint32, bool) (loaded, error) {
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
	resolver := newFakeResolver(t, Options{HungAfter: 20 * time.Millisecond}, func(mapping *engine.Mapping, _ []uint32, _ bool) (loaded, error) {
		if strings.HasPrefix(mapping.FileID, "hang") {
			<-release
		}
		return loaded{table: tableWith("fine"), complete: true}, nil
	})
	resolver.mutex.Lock()
	resolver.namespace = func(pid uint32) (string, error) { return strconv.Itoa(int(pid) % 100), nil }
	resolver.mutex.Unlock()
	fine := func(id string, pid uint32) string {
		mapping := &engine.Mapping{FileID: id, Path: "/lib/x"}
		resolver.Observe(pid, mapping)
		return nameAt(t, resolver, mapping, 0x1000)
	}
	refusedAsHung := func() uint64 { return resolver.Counters()[counterRefused+string(ReasonHung)] }
	for i := range maxHungTogether {
		if got := fine("fine"+strconv.Itoa(i), 1); got != "fine" {
			t.Fatalf("with %d readers that hang: got %q", i, got)
		}
		if got := fine("hang"+strconv.Itoa(i), 101); got != "" {
			t.Fatalf("a hung reader answered %q", got)
		}
	}
	if got := fine("same", 201); got != "" || refusedAsHung() != maxHungTogether+1 {
		t.Errorf("with %d readers that hang in its file systems it reads there: %q", maxHungTogether, got)
	}
	for i := maxHungTogether; i < maxHung; i++ {
		if got := fine("other"+strconv.Itoa(i), uint32(i)); got != "fine" {
			t.Fatalf("another container has to wait: got %q", got)
		}
		fine("hang"+strconv.Itoa(i), uint32(i))
	}
	if got := fine("last", 99); got != "" || refusedAsHung() != maxHung+2 {
		t.Errorf("with %d readers that hang the resolver still reads: %q", maxHung, got)
	}
}

func TestPanicCostsOneFile(t *testing.T) {
	var log bytes.Buffer
	resolver := newFakeResolver(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(mapping *engine.Mapping, _ []uint32, _ bool) (loaded, error) {
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
	resolver.load = func(*engine.Mapping, []uint32, bool) (loaded, error) {
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
	resolver := newFakeResolver(t, Options{}, func(*engine.Mapping, []uint32, bool) (loaded, error) {
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
	resolver := newFakeResolver(t, Options{}, func(*engine.Mapping, []uint32, bool) (loaded, error) {
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
	resolver := newFakeResolver(t, Options{TableBytes: 10 * tableWith("f").Bytes()}, func(mapping *engine.Mapping, _ []uint32, _ bool) (loaded, error) {
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
