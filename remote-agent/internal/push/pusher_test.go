package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	"pyrometer.dev/remote-agent/internal/engine"
	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// server is a strict stand-in for a Pyroscope: it checks each request and notes what it took.
type server struct {
	*httptest.Server
	t  *testing.T
	mu sync.Mutex
	// answer, when set, is asked first; true means that it answered.
	answer func(http.ResponseWriter, *http.Request) bool
	// taken are "labels @ milliseconds: total" in order; keys are label set and millisecond, which must not repeat.
	taken []string
	keys  map[string]bool
	calls int
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, keys: map[string]bool{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.handle))
	t.Cleanup(s.Close)
	return s
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.answer != nil && s.answer(w, r) {
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != pushPath || r.Header.Get("Content-Type") != "application/proto" {
		s.t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	var request pushv1.PushRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		s.t.Error(err)
	}
	for _, series := range request.GetSeries() {
		labels := map[string]string{}
		for _, pair := range series.GetLabels() {
			if _, twice := labels[pair.GetName()]; twice {
				s.t.Errorf("label %s is there twice", pair.GetName())
			}
			labels[pair.GetName()] = pair.GetValue()
		}
		for _, sample := range series.GetSamples() {
			s.take(labels, sample.GetRawProfile())
		}
	}
	w.Header().Set("Content-Type", "application/proto")
}

func (s *server) take(labels map[string]string, raw []byte) {
	unpacked, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		s.t.Error(err)
		return
	}
	plain, err := io.ReadAll(unpacked)
	if err != nil || len(plain) > maxBytes {
		s.t.Errorf("%d bytes, %v", len(plain), err)
	}
	p, err := profile.ParseUncompressed(plain)
	if err == nil {
		err = p.CheckValid()
	}
	if err != nil {
		s.t.Error(err)
		return
	}
	if len(p.Sample) > maxSamples {
		s.t.Errorf("%d samples", len(p.Sample))
	}
	var total int64
	for _, sample := range p.Sample {
		total += sample.Value[0]
		if len(sample.Label) != 0 {
			s.t.Errorf("sample labels become series at the server: %v", sample.Label)
		}
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, name+"="+labels[name])
	}
	key := fmt.Sprintf("{%s} @%d", strings.Join(pairs, ","), p.TimeNanos/1e6-clockMs)
	if s.keys[key] {
		s.t.Errorf("%s came twice: the server would drop the second", key)
	}
	s.keys[key] = true
	s.taken = append(s.taken, fmt.Sprintf("%s: %d", key, total/10_000_000))
}

func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

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

// newPusher runs a pusher whose clock stands a minute after the windows of clockMs.
func newPusher(t *testing.T, s *store.Store, change ...func(*Pusher)) (p *Pusher, stop func()) {
	t.Helper()
	p, err := New(t.Context(), Options{Store: s, Now: func() time.Time { return time.UnixMilli(clockMs).Add(time.Minute) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, apply := range change {
		apply(p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.Run(ctx, nil); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return p, stop
}

// until waits for a status; what it waits for is asked again and again.
func until(t *testing.T, p *Pusher, what string, holds func(Status) bool) Status {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		status := p.Status()
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
	p, stop := newPusher(t, kept)
	if err := p.Set(t.Context(), Settings{URL: remote.URL + "/", Labels: []target.Label{{Name: "env", Value: "test"}, {Name: "host", Value: "renamed"}}}); err != nil {
		t.Fatal(err)
	}
	until(t, p, "first window", func(s Status) bool { return s.Pushed == 1 && s.Waiting == 0 })
	stop()
	add(t, kept, "web", at(15), 1)
	p, _ = newPusher(t, kept) // a new run, which knows settings and place from the store
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
	if err := p.Set(t.Context(), Settings{}); err != nil {
		t.Fatal(err)
	}
	add(t, kept, "db", at(30), 1)
	p.Wake()
	time.Sleep(20 * time.Millisecond)
	if status := p.Status(); status.URL != "" || len(remote.got()) != 3 {
		t.Errorf("it goes on after it was ended: %+v", status)
	}
}

func TestLargeWindowsAreSplit(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	add(t, kept, "web", at(0), 250)
	p, _ := newPusher(t, kept, func(p *Pusher) { p.samples = 100 })
	if err := p.Set(t.Context(), Settings{URL: remote.URL}); err != nil {
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
		if parsed.TimeNanos != (clockMs+int64(i))*1e6 || parsed.SampleType[0].Unit != "nanoseconds" || parsed.Period != 10_000_000 || len(parsed.Mapping) != 1 {
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

func TestOldWindowsAreLeftOutAndCounted(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	if err := kept.SetSetting(t.Context(), cursorName+remote.URL, []byte("0")); err != nil { // pushed there before
		t.Fatal(err)
	}
	add(t, kept, "web", at(-2*3600), 1)
	add(t, kept, "web", at(0), 1)
	p, _ := newPusher(t, kept)
	if err := p.Set(t.Context(), Settings{URL: remote.URL}); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "both", func(s Status) bool { return s.Pushed == 1 && s.TooOld == 1 })
	if len(remote.got()) != 1 || !strings.Contains(status.Error, "1 windows waited for longer") {
		t.Errorf("%v %+v", remote.got(), status)
	}
}

func TestAnswersBecomeOneSentence(t *testing.T) {
	text := func(code int, kind, content string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "https://login.example/\u202e\r\n")
			w.WriteHeader(code)
			if _, err := io.WriteString(w, content); err != nil {
				t.Log("the client reads no further:", err)
			}
			return true
		}
	}
	for name, test := range map[string]struct {
		answer  func(http.ResponseWriter, *http.Request) bool
		says    string
		refused bool
	}{
		"refused": {
			text(400, "application/json", `{"code":"invalid_argument","message":"{\"code\":\"invalid_argument\",\"message\":\"profile is outside of ingestion window\"}"}`),
			"refused a window and it was left out (400): profile is outside of ingestion window", true,
		},
		"too large":      {text(413, "text/plain", "too large"), "(413): too large", true},
		"credentials":    {text(401, "text/plain", "who are you"), "check the headers that are sent. It said: who are you", false},
		"not found":      {text(404, "text/plain", "404 page not found"), "no Pyroscope that takes profiles at this address (404)", false},
		"limits":         {text(429, "application/json", `{"message":"maximum series exceeded"}`), "raise its limits or push less. It said: maximum series exceeded", false},
		"server error":   {text(503, "text/html", "<h1>down\u202e\x1b[31m</h1>"), "look at the server's log. It said: <h1>down??[31m</h1>", false},
		"nothing said":   {text(500, "text/plain", ""), "It said: nothing.", false},
		"login page":     {text(200, "text/html", "<html>log in</html>"), "not as a Pyroscope server does", false},
		"garbage proto":  {text(200, "application/proto", "\xff\xff\xff"), "not as a Pyroscope server does", false},
		"redirect":       {text(302, "text/plain", ""), `redirects to "https://login.example/`, false},
		"endless answer": {text(502, "text/plain", strings.Repeat("x", 1<<20)), "...", false},
	} {
		t.Run(name, func(t *testing.T) {
			remote, kept := newServer(t), openStore(t)
			remote.answer = test.answer
			add(t, kept, "web", at(0), 1)
			p, _ := newPusher(t, kept)
			if err := p.Set(t.Context(), Settings{URL: remote.URL}); err != nil {
				t.Fatal(err)
			}
			status := until(t, p, "an error", func(s Status) bool { return s.Error != "" })
			if !strings.Contains(status.Error, test.says) || !strings.HasPrefix(status.Error, remote.URL) || len(status.Error) > 500 {
				t.Errorf("says %q", status.Error)
			}
			if strings.ContainsAny(status.Error, "\n\r\x1b\u202e") {
				t.Errorf("hostile text came through: %q", status.Error)
			}
			if (status.Refused == 1) != test.refused {
				t.Errorf("%+v", status)
			}
			// The server is mended: what was not refused arrives by itself.
			remote.mu.Lock()
			remote.answer = nil
			remote.mu.Unlock()
			if !test.refused {
				p.Wake()
				status = until(t, p, "recovery", func(s Status) bool { return s.Pushed == 1 })
				if status.Error != "" {
					t.Errorf("still says %q", status.Error)
				}
			}
		})
	}
}

func TestBackOff(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	remote.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	add(t, kept, "web", at(0), 1)
	add(t, kept, "web", at(15), 1)
	p, _ := newPusher(t, kept)
	began := time.Now()
	if err := p.Set(t.Context(), Settings{URL: remote.URL}); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "an error", func(s Status) bool { return s.Error != "" })
	if status.Waiting != 2 {
		t.Errorf("%d windows wait", status.Waiting)
	}
	time.Sleep(100 * time.Millisecond)
	remote.mu.Lock()
	defer remote.mu.Unlock()
	if most := 1 + int(time.Since(began)/(minBackoff*8/10)); remote.calls > most {
		t.Errorf("%d calls, %d are patient", remote.calls, most)
	}
}

func TestUnreachableServers(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for name, test := range map[string]struct{ url, says string }{
		"refused":  {refusing, "connection refused. Is the server up"},
		"no name":  {"http://no-such-host.invalid:4040", "cannot be reached"},
		"not HTTP": {"https://" + silent.Addr().String(), "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "not HTTP" {
				go func() {
					if c, err := silent.Accept(); err == nil {
						_, _ = io.WriteString(c, "SSH-2.0-OpenSSH\r\n")
						_ = c.Close()
					}
				}()
			}
			kept := openStore(t)
			add(t, kept, "web", at(0), 1)
			p, _ := newPusher(t, kept)
			if err := p.Set(t.Context(), Settings{URL: test.url}); err != nil {
				t.Fatal(err)
			}
			status := until(t, p, "an error", func(s Status) bool { return s.Error != "" })
			if !strings.Contains(status.Error, test.says) {
				t.Errorf("says %q", status.Error)
			}
		})
	}
}

func TestHeadersAreSentAndNeverStored(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	seen := make(chan string, 10)
	remote.answer = func(_ http.ResponseWriter, r *http.Request) bool { seen <- r.Header.Get("Authorization"); return false }
	add(t, kept, "web", at(0), 1)
	p, _ := newPusher(t, kept)
	if err := p.Set(t.Context(), Settings{URL: remote.URL, Headers: []Header{{"Authorization", "Basic c2VjcmV0"}}}); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got != "Basic c2VjcmV0" {
		t.Errorf("%q", got)
	}
	stored, err := kept.Setting(t.Context(), settingName)
	if err != nil || strings.Contains(string(stored), "c2VjcmV0") {
		t.Errorf("%s %v", stored, err)
	}
}

func TestBadSettings(t *testing.T) {
	p, err := New(t.Context(), Options{Store: openStore(t)})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		settings Settings
		says     string
	}{
		"no scheme":   {Settings{URL: "pyroscope:4040"}, "must be like http://"},
		"ftp":         {Settings{URL: "ftp://x"}, "must be like http://"},
		"no host":     {Settings{URL: "http://"}, "must be like http://"},
		"password":    {Settings{URL: "http://u:secret@h"}, "Authorization header"},
		"query":       {Settings{URL: "http://h/?a=b"}, "leave out ?"},
		"header":      {Settings{URL: "http://h", Headers: []Header{{"a b", "x"}}}, "cannot be sent"},
		"smuggled":    {Settings{URL: "http://h", Headers: []Header{{"a", "x\r\nHost: y"}}}, "cannot be sent"},
		"own header":  {Settings{URL: "http://h", Headers: []Header{{"content-type", "x"}}}, "by the agent itself"},
		"label":       {Settings{URL: "http://h", Labels: []target.Label{{Name: "a-b", Value: "x"}}}, "names are letters"},
		"own label":   {Settings{URL: "http://h", Labels: []target.Label{{Name: "__name__", Value: "x"}}}, "two underscores"},
		"empty label": {Settings{URL: "http://h", Labels: []target.Label{{Name: "a"}}}, "1 to 2048"},
	} {
		t.Run(name, func(t *testing.T) {
			err := p.Set(t.Context(), test.settings)
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestDamagedSettingsDoNotStopTheAgent(t *testing.T) {
	kept := openStore(t)
	if err := kept.SetSetting(t.Context(), settingName, []byte("{")); err != nil {
		t.Fatal(err)
	}
	p, err := New(t.Context(), Options{Store: kept})
	if err != nil || p.Status().URL != "" {
		t.Errorf("%v %v", p, err)
	}
}
