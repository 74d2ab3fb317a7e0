package push

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

func TestEachServerGetsEverythingByItself(t *testing.T) {
	fine, down, kept := newServer(t), newServer(t), openStore(t)
	down.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	seen := make(chan string, 10)
	fine.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		seen <- r.Header.Get(tenantHeader) + " " + r.Header.Get("Authorization")
		return false
	}
	add(t, kept, "web", at(0), 1)
	p, stop := startPushers(t, kept)
	for _, server := range []Server{
		{URL: down.URL},
		{URL: fine.URL, Credentials: Credentials{User: "u", Password: "p:w"}},
		{URL: fine.URL, Tenant: "team-a", Labels: []target.Label{{Name: "env", Value: "x"}}, Credentials: Credentials{Token: "abc"}},
	} {
		if err := p.Set(t.Context(), server, false); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(time.Minute)
	for {
		all := p.Status()
		if all[0].Error != "" && all[0].Waiting == 1 && all[1].Pushed == 1 && all[2].Pushed == 1 {
			if all[1].Authentication != "basic" || all[2].Authentication != "bearer" || all[2].Tenant != "team-a" {
				t.Errorf("%+v", all)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", all)
		}
		time.Sleep(2 * time.Millisecond)
	}
	got := []string{<-seen, <-seen}
	slices.Sort(got)
	if want := []string{" Basic dTpwOnc=", "team-a Bearer abc"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// A change of one keeps its place and, when told so, its secrets; the others go on.
	if err := p.Set(t.Context(), Server{URL: fine.URL, Tenant: "team-a"}, true); err != nil {
		t.Fatal(err)
	}
	if err := p.Remove(t.Context(), fine.URL, ""); err != nil {
		t.Fatal(err)
	}
	stop()
	p, _ = startPushers(t, kept)
	add(t, kept, "web", at(15), 1)
	p.Wake()
	if got := <-seen; got != "team-a Bearer abc" {
		t.Errorf("after a restart: %q", got) // a question whether it has the first one, or the second window
	}
	deadline = time.Now().Add(time.Minute)
	for p.Status()[1].Pushed != 1 {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", p.Status())
		}
		time.Sleep(2 * time.Millisecond)
	}
	if status := p.Status(); len(status) != 2 || status[1].Authentication != "bearer" {
		t.Errorf("%+v", status)
	}
	for range maxServers - 2 {
		if err := p.Set(t.Context(), Server{URL: fmt.Sprintf("http://127.0.0.1:%d", 1+len(p.Status()))}, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Set(t.Context(), Server{URL: "http://127.0.0.1:99"}, false); !errors.Is(err, ErrBadSettings) {
		t.Errorf("a ninth server: %v", err)
	}
}

func TestSecretsStayInTheStore(t *testing.T) {
	var logged bytes.Buffer
	remote, kept := newServer(t), openStore(t)
	remote.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	add(t, kept, "web", at(0), 1)
	p, _ := startPushers(t, kept, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&logged, nil)) })
	server := Server{URL: remote.URL, Credentials: Credentials{User: "u", Password: "hunter2"}}
	if err := p.Set(t.Context(), server, false); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "a refusal", func(s Status) bool { return s.Error != "" })
	if err := p.Remove(t.Context(), remote.URL, ""); err != nil { // nothing is logged any more
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"log": logged.String(), "status": fmt.Sprintf("%+v", status), "printed": fmt.Sprintf("%v %+v %#v", server, server, server),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s: %s", what, text)
		}
	}
	stored, err := kept.Setting(t.Context(), settingName)
	if err != nil || strings.Contains(string(stored), "hunter2") {
		t.Errorf("after the server was removed: %s %v", stored, err)
	}
}

func TestCertificatesOfAnAuthorityOfOnesOwn(t *testing.T) {
	plain, kept := newServer(t), openStore(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(plain.handle))
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	t.Cleanup(secure.Close)
	add(t, kept, "web", at(0), 1)
	p, _ := startPushers(t, kept)
	if err := p.Set(t.Context(), Server{URL: secure.URL}, false); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "an error", func(s Status) bool { return s.Error != "" })
	if !strings.Contains(status.Error, "give the certificate of its authority") {
		t.Error(status.Error)
	}
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	if err := p.Set(t.Context(), Server{URL: secure.URL, CA: authority}, false); err != nil {
		t.Fatal(err)
	}
	if status = until(t, p, "a push", func(s Status) bool { return s.Pushed == 1 }); !status.OwnCA || status.Error != "" {
		t.Errorf("%+v", status)
	}
}

// TestNothingIsSentTwice lets the answer to a push get lost in three ways.
func TestNothingIsSentTwice(t *testing.T) {
	t.Run("the connection breaks", func(t *testing.T) {
		remote, kept := newServer(t), openStore(t)
		var body *http.Request
		remote.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != pushPath || body != nil {
				return false
			}
			body = r
			// Taken, but nobody hears of it.
			remote.answer = nil
			remote.mu.Unlock()
			remote.handle(httptest.NewRecorder(), r)
			remote.mu.Lock()
			connection, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				err = connection.Close()
			}
			if err != nil {
				t.Error(err)
			}
			return true
		}
		add(t, kept, "web", at(0), 1)
		add(t, kept, "web", at(15), 1)
		p, _ := startPushers(t, kept)
		if err := p.Set(t.Context(), Server{URL: remote.URL}, false); err != nil {
			t.Fatal(err)
		}
		until(t, p, "both", func(s Status) bool { return s.Pushed == 2 })
		remote.mu.Lock()
		defer remote.mu.Unlock()
		if len(remote.taken) != 2 || !slices.Equal(remote.asked, []int64{0}) {
			t.Errorf("taken %v, asked for %v", remote.taken, remote.asked)
		}
	})
	t.Run("the agent is killed before it notes its place", func(t *testing.T) {
		remote, kept := newServer(t), openStore(t)
		keptBefore(t, kept, place{}, Server{URL: remote.URL})
		add(t, kept, "web", at(0), 250) // in parts
		add(t, kept, "db", at(0), 1)
		p, stop := startPushers(t, kept, func(o *Options) { o.Store, o.samples = forgetful{kept}, 100 })
		until(t, p, "both", func(s Status) bool { return s.Pushed == 2 })
		stop()
		add(t, kept, "web", at(15), 1)
		p, _ = startPushers(t, kept, func(o *Options) { o.samples = 100 })
		until(t, p, "all", func(s Status) bool { return s.Pushed == 3 && s.Waiting == 0 })
		if got := remote.got(); len(got) != 5 { // the stand-in complains of what comes twice
			t.Errorf("%v", got)
		}
	})
	t.Run("a question that is too much is asked again", func(t *testing.T) {
		remote, kept := newServer(t), openStore(t)
		keptBefore(t, kept, place{}, Server{URL: remote.URL})
		refused := false
		remote.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != selectPath || refused {
				return false
			}
			refused = true
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		add(t, kept, "web", at(0), 1)
		p, _ := startPushers(t, kept)
		until(t, p, "it", func(s Status) bool { return s.Pushed == 1 && s.Error == "" })
		remote.mu.Lock()
		defer remote.mu.Unlock()
		if !refused || !slices.Equal(remote.asked, []int64{0}) {
			t.Errorf("asked for %v", remote.asked)
		}
	})
	t.Run("a server that cannot be asked gets it again", func(t *testing.T) {
		remote, kept := newServer(t), openStore(t)
		keptBefore(t, kept, place{}, Server{URL: remote.URL})
		remote.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == selectPath {
				w.WriteHeader(http.StatusNotFound)
			}
			return r.URL.Path == selectPath
		}
		add(t, kept, "web", at(0), 1)
		p, _ := startPushers(t, kept)
		until(t, p, "it", func(s Status) bool { return s.Pushed == 1 && s.Error == "" })
	})
}

// forgetful is the store of an agent that is killed before it notes its place.
type forgetful struct{ *store.Store }

func (f forgetful) SetSetting(ctx context.Context, name string, value []byte) error {
	if strings.HasPrefix(name, cursorName) {
		return nil
	}
	return f.Store.SetSetting(ctx, name, value)
}

// addLabelled stores a window with one sample and many labels.
func addLabelled(t *testing.T, s *store.Store, start time.Time, container string) {
	t.Helper()
	w := &window.Window{Type: window.CPU, Start: start, End: start.Add(15 * time.Second), Period: 10_000_000}
	for _, name := range []string{
		"compose_project", "compose_service", "container", "custom", "host", "image", "image_digest", "pyrometer_origin", "runtime",
		"service_git_ref", "service_name", "service_repository", "unit",
	} {
		w.Labels = append(w.Labels, target.Label{Name: name, Value: "x"})
	}
	w.Labels = slices.Insert(w.Labels, 3, target.Label{Name: "container_id", Value: container})
	w.SampleLabels = []window.SampleLabels{{PID: 1, Thread: "a"}}
	w.Stacks = []window.Stack{{Hash: [16]byte{1}}}
	w.Counts = []window.Count{{Count: 1}}
	if err := s.Append(t.Context(), window.Interval{Start: w.Start, End: w.End, Windows: []*window.Window{w}}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestTwelveLabelsAreEnough(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	addLabelled(t, kept, at(0), "one")
	addLabelled(t, kept, at(0), "two") // the same service, started anew within the window
	p, _ := startPushers(t, kept)
	if err := p.Set(t.Context(), Server{URL: remote.URL, Labels: []target.Label{{Name: "env", Value: "test"}}}, false); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "both", func(s Status) bool { return s.Pushed == 2 })
	labels := "{__name__=process_cpu,compose_project=x,compose_service=x,container=x,env=test,host=x,image=x,pyrometer_origin=x," +
		"runtime=x,service_name=x,service_repository=x,unit=x}"
	if got, want := remote.got(), []string{labels + " @0: 1", labels + " @1: 1"}; !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := strings.Join(status.LabelsLeftOut, " "); got != "container_id custom image_digest service_git_ref" {
		t.Errorf("left out: %s", got)
	}
	if status.Series != 1 {
		t.Errorf("%d series", status.Series)
	}
}

func TestSeriesAreCountedAndForecast(t *testing.T) {
	for name, test := range map[string]struct {
		services int
		// fresh is how many new series come with each window of 15 s.
		fresh         int
		minutes       int
		now, forecast uint64
	}{
		"nothing new":            {300, 0, 120, 300, 300},
		"at the beginning":       {300, 0, 0, 300, 300},
		"a new one every window": {10, 1, 11, 54, 250},
		"for two hours":          {10, 1, 120, 250, 250},
		"one server's worth":     {10, 20, 11, 890, 4810},
	} {
		t.Run(name, func(t *testing.T) {
			var count seriesCount
			for at := int64(0); at <= int64(test.minutes)*60_000; at += 15_000 {
				for service := range test.services {
					count.note(fmt.Sprint("service", service), at)
				}
				for fresh := range test.fresh {
					count.note(fmt.Sprint("fresh", at, "-", fresh), at)
				}
			}
			now, forecast := count.counted()
			near := func(got, want uint64) bool { return max(got, want)-min(got, want) <= want/20 }
			if !near(now, test.now) || !near(forecast, test.forecast) {
				t.Errorf("%d series, forecast %d; want about %d, %d", now, forecast, test.now, test.forecast)
			}
			if warns := forecast > warnSeries; warns != (name == "one server's worth") {
				t.Errorf("forecast of %d: warns %v", forecast, warns)
			}
		})
	}
}

func TestPaceStaysUnderTheTenantsRate(t *testing.T) {
	var p pace
	now := time.UnixMilli(clockMs)
	sent, began := 0, now
	for range 200 {
		now = now.Add(p.after(now, 300_000))
		sent += 300_000
	}
	if rate := float64(sent-pacedBytes/2) / now.Sub(began).Seconds(); rate > pacedBytes*1.01 || rate < pacedBytes*0.9 {
		t.Errorf("%.0f bytes a second", rate)
	}
	if wait := p.after(now.Add(time.Minute), 200_000); wait != 0 {
		t.Errorf("a live window waits %s", wait)
	}
	for range 20 {
		p.tooMuch()
	}
	if p.rate != leastPacedBytes {
		t.Errorf("%.0f bytes a second to a server that takes little", p.rate)
	}
	for range 1000 {
		p.taken()
	}
	if p.rate != pacedBytes {
		t.Errorf("%.0f bytes a second after it took everything again", p.rate)
	}
}

func TestServersSayWhenToComeBack(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-3": 0, "7": 7 * time.Second, "99999999999999999999": 0, "86400": maxRetryAfter,
		"Tue, 14 Nov 2023 22:13:30 GMT": 30 * time.Second, "Tue, 14 Nov 2023 22:12:30 GMT": 0,
	} {
		header := http.Header{"Retry-After": {value}, "Date": {"Tue, 14 Nov 2023 22:13:00 GMT"}}
		if got := retryAfter(&http.Response{Header: header}); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}
