package push

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/store"
)

// door stands between the agent and the real server: it counts pushes that the server answered, can be shut, and breaks
// connections off.
type door struct {
	*httptest.Server
	shut   atomic.Bool
	pushes atomic.Int64
	// before is called when the body of a request has come in; false breaks off the connection, and the server gets nothing.
	before func(path string) bool
	// after is called when the server has answered a push and the agent has not heard of it yet, which it never does after false.
	after func(pushes int64) bool
}

var errBreakOff = errors.New("break off")

func newDoor(t *testing.T, address string) *door {
	t.Helper()
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	d := &door{before: func(string) bool { return true }, after: func(int64) bool { return true }}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.ModifyResponse = func(answer *http.Response) error {
		if answer.Request.URL.Path == pushPath {
			if !d.after(d.pushes.Add(1)) {
				return errBreakOff
			}
		}
		return nil
	}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.shut.Load() {
			panic(http.ErrAbortHandler) // the connection breaks off
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || !d.before(r.URL.Path) {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(d.Close)
	return d
}

// flush makes the real server forget what it would recognize as sent again.
func flush(t *testing.T, address string) {
	t.Helper()
	answer, err := http.Post(address+"/ingester.v1.IngesterService/Flush", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Error(err)
		return
	}
	if answer.Body.Close() != nil || answer.StatusCode >= 300 {
		t.Errorf("flush: %s", answer.Status)
	}
}

func TestRealPyroscopeAfterAnOutage(t *testing.T) {
	address := realAddress(t)
	for _, test := range []struct{ minutes, expired int }{{50, 0}, {70, 10}} {
		t.Run(fmt.Sprint(test.minutes, " minutes"), func(t *testing.T) {
			kept, between := openStore(t), newDoor(t, address)
			between.shut.Store(true)
			keptBefore(t, kept, place{}, Server{URL: between.URL})
			service := fmt.Sprintf("outage_%d_%d", test.minutes, time.Now().UnixNano())
			end := time.Now().Truncate(time.Second).Add(-30 * time.Second)
			start := end.Add(-time.Duration(test.minutes-1) * time.Minute)
			for i := range test.minutes {
				add(t, kept, service, start.Add(time.Duration(i)*time.Minute), 3)
			}
			p := startReal(t, kept)
			waiting := uint64(test.minutes - test.expired)
			status := until(t, p, "the outage", func(s Status) bool { return s.Error != "" && s.Waiting == waiting })
			if status.TooOld != uint64(test.expired) {
				t.Errorf("%d windows are too old", status.TooOld)
			}
			between.shut.Store(false)
			p.Wake()
			status = until(t, p, "catching up", func(s Status) bool { return s.Waiting == 0 })
			if status.Pushed != waiting || status.TooOld != uint64(test.expired) || status.Refused != 0 || status.Error != "" {
				t.Errorf("%+v", status)
			}
			sameAtBoth(t, address, kept, service, start.Add(time.Duration(test.expired)*time.Minute), end.Add(time.Second))
			// What expired can be read from the store, and from there only.
			all, err := kept.MergeProfile(t.Context(), store.Selection{
				ProfileType: cpuType, Selector: fmt.Sprintf(`{service_name=%q}`, service), StartMs: start.UnixMilli(), EndMs: end.Add(time.Second).UnixMilli(),
			})
			if err != nil {
				t.Fatal(err)
			}
			var stored int64
			for _, sample := range all.GetSample() {
				stored += sample.GetValue()[0] / 10_000_000
			}
			const each = 6 // samples of a window
			if want := int64(test.minutes * each); stored != want {
				t.Errorf("the store has %d samples, want %d", stored, want)
			}
			if got, want := total(t, Server{URL: address}, service, start, end.Add(time.Second)), float64(waiting*each); got != want {
				t.Errorf("the server has %v samples, want %v", got, want)
			}
		})
	}
}

// TestRealPyroscopeAfterACutConnection breaks connections off between a body and its answer: of a push that the server takes, of
// one that it never gets, and of the question whether it has it. The server forgets what it would recognize as sent again.
func TestRealPyroscopeAfterACutConnection(t *testing.T) {
	address, kept := realAddress(t), openStore(t)
	between := newDoor(t, address)
	service := fmt.Sprintf("cut_%d", time.Now().UnixNano())
	start := time.Now().Truncate(15 * time.Second).Add(-2 * time.Minute)
	addLong(t, kept, service, start, 1000, 2500)
	whole, err := kept.WindowProfile(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	parts := int64(len(split(whole, maxSamples, maxBytes)))
	if parts < 3 {
		t.Fatalf("%d parts are too few for this test", parts)
	}
	addLong(t, kept, service, start.Add(15*time.Second), 10, 10)
	addLong(t, kept, service, start.Add(30*time.Second), 10, 10)

	var mu sync.Mutex // held around what follows
	calls := map[string]int{}
	var cuts []string
	between.before = func(path string) bool {
		mu.Lock()
		defer mu.Unlock()
		calls[path]++
		switch {
		case path == selectPath && calls[path] == 1:
			cuts = append(cuts, "a question")
			return false
		case path == pushPath && between.pushes.Load() == parts && len(cuts) == 2:
			cuts = append(cuts, "a push that never arrives")
			return false
		}
		return true
	}
	between.after = func(pushes int64) bool {
		mu.Lock()
		defer mu.Unlock()
		if pushes == 2 {
			cuts = append(cuts, "a push that is taken")
			flush(t, address)
		}
		return pushes != 2
	}
	p := startReal(t, kept)
	if err := p.Set(t.Context(), Server{URL: between.URL}, false); err != nil {
		t.Fatal(err)
	}
	until(t, p, "all", func(s Status) bool { return s.Pushed == 3 && s.Waiting == 0 })
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"a push that is taken", "a question", "a push that never arrives"}; !slices.Equal(cuts, want) {
		t.Errorf("cut were %v, want %v", cuts, want)
	}
	// Asked are all parts of the large window, one twice, and the second window; the third is in no doubt.
	if asked, want := calls[selectPath], int(parts)+2; asked != want {
		t.Errorf("%d questions, want %d", asked, want)
	}
	if pushes := between.pushes.Load(); pushes != parts+2 {
		t.Errorf("the server was sent %d profiles, want %d", pushes, parts+2)
	}
	sameAtBoth(t, address, kept, service, start, start.Add(time.Minute))
}

// helperVariable makes TestPusherProcess push from the store in that folder until it is killed.
const helperVariable = "PYROMETER_TEST_PUSHER_STORE"

// TestPusherProcess is the process that TestRealPyroscopeAfterAKill kills.
func TestPusherProcess(t *testing.T) {
	directory := os.Getenv(helperVariable)
	if directory == "" {
		t.Skip("only run by another test")
	}
	kept, err := store.Open(t.Context(), store.Options{Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(t.Context(), Options{Store: kept})
	if err != nil {
		t.Fatal(err)
	}
	p.Run(t.Context(), nil)
}

// TestRealPyroscopeAfterAKill kills the agent between the server's answer and the note of its place: of a window, and of a part of
// one.
func TestRealPyroscopeAfterAKill(t *testing.T) {
	address := realAddress(t)
	for name, test := range map[string]struct {
		windows, stacks, nameBytes int
		killAfter                  int64
	}{
		"between windows":       {windows: 6, stacks: 3, nameBytes: 10, killAfter: 4},
		"inside a split window": {windows: 2, stacks: 1000, nameBytes: 2500, killAfter: 2},
	} {
		t.Run(name, func(t *testing.T) {
			between, directory := newDoor(t, address), t.TempDir()
			kept, err := store.Open(t.Context(), store.Options{Directory: directory})
			if err != nil {
				t.Fatal(err)
			}
			service := fmt.Sprintf("killed_%d", time.Now().UnixNano())
			start := time.Now().Truncate(15 * time.Second).Add(-5 * time.Minute)
			for i := range test.windows {
				addLong(t, kept, service, start.Add(time.Duration(i)*15*time.Second), test.stacks, test.nameBytes)
			}
			whole, err := kept.WindowProfile(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			parts := int64(test.windows * len(split(whole, maxSamples, maxBytes)))
			keptBefore(t, kept, place{}, Server{URL: between.URL})
			if err := kept.Close(); err != nil {
				t.Fatal(err)
			}
			runUntilKilled(t, between, directory, test.killAfter)
			flush(t, address)
			if kept, err = store.Open(t.Context(), store.Options{Directory: directory}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = kept.Close() })
			p := startReal(t, kept)
			until(t, p, "the rest", func(s Status) bool { return s.Pushed == uint64(test.windows) && s.Waiting == 0 })
			if pushes := between.pushes.Load(); pushes != parts {
				t.Errorf("%d pushes of %d profiles", pushes, parts)
			}
			sameAtBoth(t, address, kept, service, start, start.Add(time.Duration(test.windows)*15*time.Second))
		})
	}
}

// runUntilKilled pushes from a store in a process of its own, which is killed when the server has answered so many pushes.
func runUntilKilled(t *testing.T, between *door, directory string, killAfter int64) {
	t.Helper()
	process := exec.Command(os.Args[0], "-test.run=^TestPusherProcess$")
	process.Env = append(os.Environ(), helperVariable+"="+directory)
	killed := make(chan struct{})
	between.after = func(pushes int64) bool {
		if pushes == killAfter {
			if err := process.Process.Kill(); err != nil {
				t.Error(err)
			}
			_ = process.Wait() // it was killed
			close(killed)
		}
		return true
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	<-killed
}
