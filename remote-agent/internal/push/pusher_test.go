package push

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

const clockMs = 1_700_000_010_000

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Directory: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// add stores a window of so many distinct stacks, each seen once by two processes.
func add(t *testing.T, s *store.Store, service string, start time.Time, stacks int) {
	t.Helper()
	w := &window.Window{
		Labels: []target.Label{{Name: "host", Value: "h"}, {Name: "service_name", Value: service}},
		Type:   window.CPU, Start: start, End: start.Add(15 * time.Second), Period: 10_000_000,
		SampleLabels: []window.SampleLabels{{PID: 1, Thread: "a"}, {PID: 2, Thread: "b"}},
	}
	for i := range stacks {
		w.Stacks = append(w.Stacks, window.Stack{
			Hash: [16]byte{byte(i), byte(i >> 8), byte(i >> 16)},
			Frames: []*engine.Frame{
				{Kind: engine.KindPython, Function: fmt.Sprint("leaf", i), File: "/app/a.py", Line: uint32(i)},
				{Kind: engine.KindPython, Function: "main", File: "/app/main.py", Line: 3},
			},
		})
		for labels := range uint32(2) {
			w.Counts = append(w.Counts, window.Count{Stack: uint32(i), Labels: labels, Count: 1})
		}
	}
	if err := s.Append(t.Context(), window.Interval{Start: w.Start, End: w.End, Windows: []*window.Window{w}}, nil); err != nil {
		t.Fatal(err)
	}
}

// startPushers runs pushers whose clock stands a minute after the windows of clockMs.
func startPushers(t *testing.T, s *store.Store, change ...func(*Options)) (p *Pushers, stop func()) {
	t.Helper()
	options := Options{Store: s, Now: func() time.Time { return time.UnixMilli(clockMs).Add(time.Minute) }}
	for _, apply := range change {
		apply(&options)
	}
	p, err := New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.Run(ctx, nil); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return p, stop
}

// first is the status of the first server, empty where there is none.
func first(p *Pushers) Status {
	for _, status := range p.Status() {
		return status
	}
	return Status{}
}

// until waits for a status; what it waits for is asked again and again.
func until(t *testing.T, p *Pushers, what string, holds func(Status) bool) Status {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		status := first(p)
		if holds(status) {
			return status
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never: %+v", what, status)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func at(seconds int) time.Time { return time.UnixMilli(clockMs + int64(seconds)*1000) }

func TestWindowsArePushedOnceAndThePlaceIsKept(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	add(t, kept, "web", at(0), 3)
	p, stop := startPushers(t, kept)
	if err := p.Set(t.Context(), Server{URL: remote.URL + "/", Labels: []target.Label{{Name: "env", Value: "test"}, {Name: "host", Value: "renamed"}}}, false); err != nil {
		t.Fatal(err)
	}
	until(t, p, "first window", func(s Status) bool { return s.Pushed == 1 && s.Waiting == 0 })
	stop()
	add(t, kept, "web", at(15), 1)
	p, _ = startPushers(t, kept) // a new run, which knows settings and place from the store
	status := until(t, p, "second window", func(s Status) bool { return s.Pushed == 1 && s.Waiting == 0 })
	if status.URL != remote.URL || status.Error != "" || status.LastSuccessMs != clockMs+60_000 {
		t.Errorf("%+v", status)
	}
	add(t, kept, "db", at(15), 1)
	p.Wake()
	until(t, p, "third window", func(s Status) bool { return s.Pushed == 2 })
	labels := func(service string) string {
		return "{__name__=process_cpu,env=test,host=renamed,service_name=" + service + "}"
	}
	want := []string{labels("web") + " @0: 6", labels("web") + " @15000: 2", labels("db") + " @15000: 2"}
	if got := remote.got(); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if err := p.Remove(t.Context(), remote.URL+"/", ""); err != nil {
		t.Fatal(err)
	}
	add(t, kept, "db", at(30), 1)
	p.Wake()
	time.Sleep(20 * time.Millisecond)
	if status := first(p); status.URL != "" || len(remote.got()) != 3 {
		t.Errorf("it goes on after it was ended: %+v", status)
	}
}

// keptBefore makes a store of an agent that has pushed to a server up to a window.
func keptBefore(t *testing.T, s *store.Store, at place, server Server) {
	t.Helper()
	encoded, err := encodeServers([]Server{server})
	if err == nil {
		err = s.SetSetting(t.Context(), settingName, encoded)
	}
	if err == nil {
		err = (&Pusher{options: Options{Store: s}, server: server}).savePlace(t.Context(), at)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOldWindowsAreLeftOutAndCounted(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	keptBefore(t, kept, place{TooOld: 3}, Server{URL: remote.URL})
	add(t, kept, "web", at(-2*3600), 1)
	add(t, kept, "web", at(-42*60), 1)
	add(t, kept, "web", at(-41*60), 1)
	add(t, kept, "web", at(0), 1)
	// A server that takes less, or whose clock is ahead, refuses what it thinks too old: that is the same. What it refuses for
	// another reason is not.
	reasons := []string{"the ingestion window starts at " + at(-40*60).String() + " and ends at 2030", "malformed"}
	remote.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != pushPath || len(reasons) == 0 {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"message":"profile with labels '%s' is wrong (profile timestamp: x, %s)"}`, strings.Repeat("x", 1000), reasons[0])
		reasons = reasons[1:]
		return true
	}
	p, stop := startPushers(t, kept)
	status := until(t, p, "all", func(s Status) bool { return s.Pushed == 1 && s.TooOld == 5 && s.Waiting == 0 })
	if len(remote.got()) != 1 || status.Refused != 1 {
		t.Errorf("%v %+v", remote.got(), status)
	}
	stop()
	p, _ = startPushers(t, kept)
	if status := until(t, p, "the count of before", func(s Status) bool { return s.TooOld == 5 }); status.Pushed != 0 {
		t.Errorf("%+v", status)
	}
}

func TestWindowsThatWereDeletedUnsentAreCounted(t *testing.T) {
	remote := newServer(t)
	kept, err := store.Open(t.Context(), store.Options{Directory: t.TempDir(), MaxAge: time.Hour, Now: func() time.Time { return at(60) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	keptBefore(t, kept, place{Done: 1, TooOld: 3}, Server{URL: remote.URL})
	for range 4 {
		add(t, kept, "web", at(-9*3600), 1)
	}
	if err := kept.Retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(t, kept, "web", at(0), 1)
	p, _ := startPushers(t, kept)
	status := until(t, p, "all", func(s Status) bool { return s.Pushed == 1 && s.Waiting == 0 })
	if status.TooOld != 3+3 || status.Refused != 0 {
		t.Errorf("%+v", status)
	}
	other := newServer(t) // one that is new misses nothing
	if err := p.Set(t.Context(), Server{URL: other.URL}, false); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for p.Status()[1].Pushed == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if status := p.Status()[1]; status.Pushed != 1 || status.TooOld != 0 {
		t.Errorf("%+v", status)
	}
}

// replaced is a store whose database was damaged and begun anew.
type replaced struct {
	*store.Store
	generation int64
}

func (r replaced) Generation() int64 { return r.generation }

func TestItGoesOnWhereTheStoreWasBegunAnew(t *testing.T) {
	remote := newServer(t)
	before, after := openStore(t), openStore(t)
	for i := range 3 {
		add(t, before, "web", at(15*i), 1)
	}
	add(t, after, "db", at(45), 1)
	now := func() time.Time { return at(90) }
	p, err := newPusher(Options{Store: replaced{before, 1}, Logger: slog.New(slog.DiscardHandler), Now: now}, Server{URL: remote.URL})
	if err != nil {
		t.Fatal(err)
	}
	for round, s := range []replaced{{before, 1}, {after, 2}} {
		p.options.Store = s
		if _, err := p.round(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := len(remote.got()), 3+round; got != want || p.snapshot().TooOld != 0 {
			t.Errorf("round %d: %v %+v", round, remote.got(), p.snapshot())
		}
	}
}

// neverNamed is a store in which some function is always still to be named.
type neverNamed struct{ *store.Store }

func (neverNamed) CountUnnamed(context.Context) (int, error) { return 1, nil }

// TestWindowsOfSDKsDoNotWaitForNames: they have all that they ever get, and may say that they end in an hour.
func TestWindowsOfSDKsDoNotWaitForNames(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	keptBefore(t, kept, place{}, Server{URL: remote.URL})
	w := &window.Window{
		Labels: []target.Label{{Name: store.OriginLabel, Value: store.OriginPushed}, {Name: "service_name", Value: "sdk"}},
		Type:   window.CPU, Start: at(0), End: at(3600), Period: 10_000_000,
		SampleLabels: []window.SampleLabels{{PID: 1}}, Stacks: []window.Stack{{Hash: [16]byte{1}}}, Counts: []window.Count{{Count: 1}},
	}
	if err := kept.Append(t.Context(), window.Interval{Start: w.Start, End: w.End, Windows: []*window.Window{w}}, nil); err != nil {
		t.Fatal(err)
	}
	add(t, kept, "web", at(40), 1)
	p := driven(t, neverNamed{kept}, remote.URL)
	rounds(t, p, 1)
	if status := p.snapshot(); status.Pushed != 1 || status.Waiting != 1 {
		t.Errorf("%+v", status)
	}
}
