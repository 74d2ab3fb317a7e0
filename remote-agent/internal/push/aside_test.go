package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	"pyrometer.dev/remote-agent/internal/store"
)

// driven is a pusher whose rounds a test makes itself: there is no back-off between them.
func driven(t *testing.T, s Store, address string, change ...func(*Options)) *Pusher {
	t.Helper()
	options := Options{Store: s, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return at(60) }}
	for _, apply := range change {
		apply(&options)
	}
	p, err := newPusher(options, Server{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.client.close)
	return p
}

func rounds(t *testing.T, p *Pusher, count int) {
	t.Helper()
	for range count {
		if _, err := p.round(t.Context()); err != nil {
			p.noteError(t.Context(), err)
		}
	}
}

// sumOf is how many samples the stand-in has taken.
func sumOf(t *testing.T, taken []string) (sum int64) {
	t.Helper()
	for _, one := range taken {
		var samples int64
		if _, err := fmt.Sscan(one[strings.LastIndex(one, ": ")+2:], &samples); err != nil {
			t.Fatal(err)
		}
		sum += samples
	}
	return sum
}

// stumbles lets the stand-in fail at all profiles of a service.
func (s *server) stumbles(service string, code int) {
	s.answer = func(w http.ResponseWriter, r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var request pushv1.PushRequest
		if r.URL.Path != pushPath || proto.Unmarshal(body, &request) != nil {
			return false
		}
		for _, label := range request.GetSeries()[0].GetLabels() {
			if label.GetName() == "service_name" && label.GetValue() == service {
				w.WriteHeader(code)
				_, _ = io.WriteString(w, "index out of range")
				return true
			}
		}
		return false
	}
}

func TestAProfileThatAServerFailsAtDoesNotKeepTheRestWaiting(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	keptBefore(t, kept, place{}, Server{URL: remote.URL})
	remote.stumbles("bad", http.StatusInternalServerError)
	now := at(60)
	clock := func(o *Options) { o.Now = func() time.Time { return now } }
	add(t, kept, "web", at(0), 1)
	add(t, kept, "bad", at(0), 1)
	add(t, kept, "web", at(15), 1)
	p := driven(t, kept, remote.URL, clock)
	rounds(t, p, asideAfter+1)
	status := p.snapshot()
	if status.Pushed != 2 || status.Waiting != 1 || status.Refused != 0 {
		t.Fatalf("the rest waits: %+v", status)
	}
	if !strings.HasPrefix(status.Error, "1 window is set aside and tried again") || !strings.Contains(status.Error, "index out of range") {
		t.Errorf("says %q", status.Error)
	}
	// A new run knows of it. It is tried again when others have passed, and given up in the end.
	p = driven(t, kept, remote.URL, clock)
	for try := range asideTries {
		if status = p.snapshot(); status.Refused != 0 {
			t.Fatalf("given up after %d tries: %+v", try, status)
		}
		now = now.Add(asideWait << try)
		rounds(t, p, 1) // Nothing has passed since: a server that is down fails at everything.
		add(t, kept, "web", at(30+15*try), 1)
		rounds(t, p, 1)
	}
	status = p.snapshot()
	if status.Refused != 1 || status.Waiting != 0 || status.Pushed != asideTries || !strings.HasPrefix(status.Error, "A window was left out") {
		t.Errorf("%+v", status)
	}
	// The next one of that series costs one attempt.
	add(t, kept, "bad", at(300), 1)
	add(t, kept, "web", at(300), 1)
	rounds(t, p, 1)
	if after := p.snapshot(); after.Pushed != status.Pushed+1 || after.Waiting != 1 {
		t.Errorf("%+v", after)
	}
	// The server is mended: what waits aside arrives.
	remote.mu.Lock()
	remote.answer = nil
	remote.mu.Unlock()
	now = now.Add(asideWait)
	add(t, kept, "web", at(315), 1)
	rounds(t, p, 2)
	if after := p.snapshot(); after.Waiting != 0 || after.Refused != 1 || sumOf(t, remote.got()) != 2*(2+asideTries+3) {
		t.Errorf("%+v %v", after, remote.got())
	}
}

func TestNothingIsGivenUpWhileAServerTakesNothing(t *testing.T) {
	for _, code := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			remote, kept := newServer(t), openStore(t)
			keptBefore(t, kept, place{}, Server{URL: remote.URL})
			remote.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(code)
				return true
			}
			const windows = 2 * maxAside
			for i := range windows {
				add(t, kept, "web", at(15*i), 1)
			}
			now := at(15*windows + 60)
			p := driven(t, kept, remote.URL, func(o *Options) { o.Now = func() time.Time { return now } })
			for range 10 * windows {
				rounds(t, p, 1)
				now = now.Add(3 * time.Second)
			}
			if status := p.snapshot(); status.Refused != 0 || status.TooOld != 0 || status.Waiting != windows {
				t.Fatalf("%+v", status)
			}
			remote.mu.Lock()
			remote.answer = nil
			remote.mu.Unlock()
			for range windows {
				rounds(t, p, 1)
				now = now.Add(asideWait)
			}
			if status := p.snapshot(); status.Refused != 0 || status.TooOld != 0 || status.Pushed != windows || status.Waiting != 0 || status.Error != "" {
				t.Errorf("%+v", status)
			}
			if got := sumOf(t, remote.got()); got != 2*windows {
				t.Errorf("%d samples arrived", got)
			}
		})
	}
}

func TestAServerThatFailsAtQuestionsGetsWindows(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	keptBefore(t, kept, place{}, Server{URL: remote.URL})
	asked := 0
	remote.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == selectPath {
			asked++
			w.WriteHeader(http.StatusInternalServerError)
		}
		return r.URL.Path == selectPath
	}
	for i := range 5 {
		add(t, kept, "web", at(15*i-60), 1)
	}
	p := driven(t, kept, remote.URL)
	rounds(t, p, asideAfter+1)
	if status := p.snapshot(); status.Pushed != 5 || status.Waiting != 0 || status.Error != "" || asked != asideAfter+4 {
		t.Errorf("asked %d times: %+v", asked, status)
	}
}

// damaged is a store of which one window cannot be read.
type damaged struct {
	*store.Store
	id int64
}

func (d damaged) WindowProfile(ctx context.Context, id int64) (*googlev1.Profile, error) {
	if id == d.id {
		return nil, errors.New("stack of 7 bytes is damaged")
	}
	return d.Store.WindowProfile(ctx, id)
}

func TestADamagedWindowDoesNotKeepTheRestWaiting(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	keptBefore(t, kept, place{}, Server{URL: remote.URL})
	for i := range 3 {
		add(t, kept, "web", at(15*i-60), 1)
	}
	p := driven(t, damaged{kept, 2}, remote.URL)
	rounds(t, p, asideAfter+1)
	if status := p.snapshot(); status.Pushed != 2 || status.Waiting != 1 || !strings.Contains(status.Error, "7 bytes is damaged") {
		t.Errorf("%+v", status)
	}
}
