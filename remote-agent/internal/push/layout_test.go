package push

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	"pyrometer.dev/remote-agent/internal/store"
)

func TestLargeWindowsAreSplit(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	add(t, kept, "web", at(0), 250)
	p, _ := startPushers(t, kept, func(o *Options) { o.samples = 100 })
	if err := p.Set(t.Context(), Server{URL: remote.URL}, false); err != nil {
		t.Fatal(err)
	}
	until(t, p, "window", func(s Status) bool { return s.Pushed == 1 })
	if got := fmt.Sprint(remote.got()); got != "[{__name__=process_cpu,host=h,service_name=web} @0: 200 {__name__=process_cpu,host=h,service_name=web} @1: 200 {__name__=process_cpu,host=h,service_name=web} @2: 100]" {
		t.Error(got)
	}
}

func TestSplitBySizeKeepsEverySample(t *testing.T) {
	kept := openStore(t)
	add(t, kept, "web", at(0), 500)
	whole, err := kept.WindowProfile(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	const limit = 4 << 10
	parts := split(whole, maxSamples, limit)
	leaves := map[string]int64{}
	for i, part := range parts {
		encoded, err := proto.Marshal(part)
		if err != nil || len(encoded) > limit {
			t.Errorf("part %d has %d bytes, %v", i, len(encoded), err)
		}
		parsed, err := profile.ParseData(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if parsed.TimeNanos != clockMs*1e6 || parsed.SampleType[0].Unit != "nanoseconds" || parsed.Period != 10_000_000 || len(parsed.Mapping) != 1 {
			t.Errorf("part %d: %v", i, parsed)
		}
		for _, sample := range parsed.Sample {
			leaves[sample.Location[0].Line[0].Function.Name] += sample.Value[0]
		}
	}
	if len(leaves) != 500 || len(parts) < 8 {
		t.Errorf("%d leaves in %d parts", len(leaves), len(parts))
	}
}

// TestNoTwoProfilesShareAMillisecond has windows that begin closer together than the parts of those before, in the order in which
// SDKs may push them; the stand-in complains of a millisecond that comes twice.
func TestNoTwoProfilesShareAMillisecond(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	keptBefore(t, kept, place{}, Server{URL: remote.URL})
	total := int64(0)
	for _, window := range []struct {
		ms     int
		stacks int
	}{{0, 250}, {1, 1}, {1, 150}, {-1, 150}, {2, 1}, {-40, 250}, {-39, 1}, {500, 1}} {
		add(t, kept, "web", at(0).Add(time.Duration(window.ms)*time.Millisecond), window.stacks)
		total += int64(2 * window.stacks)
	}
	small := func(o *Options) { o.samples = 100 }
	rounds(t, driven(t, forgetful{kept}, remote.URL, small), 2)
	got := remote.got()
	if sum := sumOf(t, got); sum != total || len(got) != 14 {
		t.Errorf("%d samples of %d in %d profiles: %v", sum, total, len(got), got)
	}
	for _, one := range []string{"@500: 2", "@-40: 200", "@-37: 2", "@0: 200"} {
		if !strings.Contains(strings.Join(got, "\n"), one) {
			t.Errorf("%s is missing in %v: nothing is moved without need", one, got)
		}
	}
	// Killed before it noted its place, the agent finds all of them again.
	again := driven(t, kept, remote.URL, small)
	rounds(t, again, 2)
	if after := remote.got(); len(after) != len(got) || again.snapshot().Pushed != 8 {
		t.Errorf("sent again: %v", after[len(got):])
	}
}

func TestMoreWindowsThanMillisecondsAreCounted(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	keptBefore(t, kept, place{}, Server{URL: remote.URL})
	add(t, kept, "web", at(0), 1)
	add(t, kept, "db", at(0), 1)
	p := driven(t, kept, remote.URL)
	if err := p.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	windows, err := kept.WindowsAfter(t.Context(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	web := pushedLabels(&windows[0], &p.server)
	p.layouts.Known = []layout{{ID: 99, Series: seriesHash(web.key), StartMs: clockMs, Samples: make([]int, 2*maxShiftMs)}}
	rounds(t, p, 1)
	if status := p.snapshot(); status.Refused != 1 || status.Pushed != 1 || !strings.Contains(status.Error, "labels of their own") {
		t.Errorf("%+v", status)
	}
}

// longNames is a store in which functions got longer names since.
type longNames struct{ *store.Store }

func (l longNames) WindowProfile(ctx context.Context, id int64) (*googlev1.Profile, error) {
	made, err := l.Store.WindowProfile(ctx, id)
	for i, text := range made.GetStringTable() {
		if strings.HasPrefix(text, "leaf") {
			made.StringTable[i] = text + strings.Repeat("x", 300)
		}
	}
	return made, err
}

// TestAKillInsideASplitWindow kills the agent when the server has taken the third part and nobody has heard of it.
func TestAKillInsideASplitWindow(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	keptBefore(t, kept, place{}, Server{URL: remote.URL})
	add(t, kept, "web", at(0), 250)
	small := func(o *Options) { o.bytes = 4 << 10 }
	ctx, kill := context.WithCancel(t.Context())
	pushes := 0
	remote.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == pushPath {
			pushes++
		}
		if pushes < 3 {
			return false
		}
		remote.answer = nil
		remote.mu.Unlock()
		remote.handle(httptest.NewRecorder(), r)
		remote.mu.Lock()
		kill()
		return true
	}
	if _, err := driven(t, forgetful{kept}, remote.URL, small).round(ctx); err == nil {
		t.Fatal("it was not killed")
	}
	whole, err := kept.WindowProfile(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	parts := len(split(whole, maxSamples, 4<<10))
	before := remote.got()
	p := driven(t, longNames{kept}, remote.URL, small)
	rounds(t, p, 2)
	got := remote.got()
	if sum := sumOf(t, got); len(before) != 3 || len(got) != parts || sum != 500 {
		t.Errorf("%d samples of 500 in %d profiles of %d, %d before the kill", sum, len(got), parts, len(before))
	}
	if status := p.snapshot(); status.Pushed != 1 || status.Waiting != 0 {
		t.Errorf("%+v", status)
	}
}

// TestPartsAreNotSentTwice: the server has too little room for the second part.
func TestPartsAreNotSentTwice(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	add(t, kept, "web", at(0), 250)
	pushes := 0
	remote.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != pushPath {
			return false
		}
		if pushes++; pushes == 2 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return pushes == 2
	}
	rounds(t, driven(t, kept, remote.URL, func(o *Options) { o.samples = 100 }), 3)
	if got := remote.got(); len(got) != 3 || pushes != 4 { // the stand-in complains of what comes twice
		t.Errorf("%d pushes: %v", pushes, got)
	}
}
