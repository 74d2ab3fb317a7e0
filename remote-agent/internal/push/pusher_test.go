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
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	"pyrometer.dev/remote-agent/internal/engine"
	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
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
	// asked are the milliseconds that it was asked for; it answers by times, of service and millisecond.
	asked []int64
	times map[string]int64
}

var serviceMatcher = regexp.MustCompile(`service_name="([^"]*)"`)

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, keys: map[string]bool{}, times: map[string]int64{}}
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
	if r.Method != http.MethodPost || r.URL.Path != pushPath && r.URL.Path != selectPath || r.Header.Get("Content-Type") != "application/proto" {
		s.t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	if r.URL.Path == selectPath {
		s.tell(w, body)
		return
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

// tell answers what a service has at a millisecond; the real server is asked for more labels.
func (s *server) tell(w http.ResponseWriter, body []byte) {
	var request querierv1.SelectSeriesRequest
	if err := proto.Unmarshal(body, &request); err != nil || request.GetStart() != request.GetEnd()-1 || request.GetStep() != 0.001 {
		s.t.Errorf("%v %v", &request, err)
	}
	s.asked = append(s.asked, request.GetEnd()-clockMs)
	answer := &querierv1.SelectSeriesResponse{}
	service := serviceMatcher.FindStringSubmatch(request.GetLabelSelector())
	if value := s.times[fmt.Sprint(service[1], " ", request.GetEnd())]; value > 0 {
		answer.Series = []*typesv1.Series{{Points: []*typesv1.Point{{Timestamp: request.GetEnd(), Value: float64(value)}}}}
	}
	encoded, err := proto.Marshal(answer)
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/proto")
	_, _ = w.Write(encoded)
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
	s.times[fmt.Sprint(labels["service_name"], " ", p.TimeNanos/1e6)] = total
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
		"credentials":    {text(401, "text/plain", "who are you"), "check the credentials and the tenant. It said: who are you", false},
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
			p, _ := startPushers(t, kept)
			if err := p.Set(t.Context(), Server{URL: remote.URL}, false); err != nil {
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
	p, _ := startPushers(t, kept)
	began := time.Now()
	if err := p.Set(t.Context(), Server{URL: remote.URL}, false); err != nil {
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
			p, _ := startPushers(t, kept)
			if err := p.Set(t.Context(), Server{URL: test.url}, false); err != nil {
				t.Fatal(err)
			}
			status := until(t, p, "an error", func(s Status) bool { return s.Error != "" })
			if !strings.Contains(status.Error, test.says) {
				t.Errorf("says %q", status.Error)
			}
		})
	}
}

func TestBadSettings(t *testing.T) {
	p, err := New(t.Context(), Options{Store: openStore(t)})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		server Server
		says   string
	}{
		"no scheme":   {Server{URL: "pyroscope:4040"}, "must be like http://"},
		"ftp":         {Server{URL: "ftp://x"}, "must be like http://"},
		"no host":     {Server{URL: "http://"}, "must be like http://"},
		"password":    {Server{URL: "http://u:secret@h"}, "give them as credentials"},
		"query":       {Server{URL: "http://h/?a=b"}, "leave out ?"},
		"header":      {Server{URL: "http://h", Headers: []Header{{"a b", "x"}}}, "cannot be sent"},
		"smuggled":    {Server{URL: "http://h", Headers: []Header{{"a", "x\r\nHost: y"}}}, "cannot be sent"},
		"own header":  {Server{URL: "http://h", Headers: []Header{{"content-type", "x"}}}, "by the agent itself"},
		"label":       {Server{URL: "http://h", Labels: []target.Label{{Name: "a-b", Value: "x"}}}, "names are letters"},
		"own label":   {Server{URL: "http://h", Labels: []target.Label{{Name: "__name__", Value: "x"}}}, "two underscores"},
		"tenant":      {Server{URL: "http://h", Tenant: "a/b"}, "a tenant has"},
		"both":        {Server{URL: "http://h", Credentials: Credentials{User: "u", Token: "secret"}}, "not both"},
		"twice":       {Server{URL: "http://h", Credentials: Credentials{Token: "secret"}, Headers: []Header{{"authorization", "secret"}}}, "not both"},
		"colon":       {Server{URL: "http://h", Credentials: Credentials{User: "u:v", Password: "secret"}}, "no colon"},
		"lines":       {Server{URL: "http://h", Credentials: Credentials{Token: "secret\nX: y"}}, "no blanks"},
		"no PEM":      {Server{URL: "https://h", CA: "secret"}, "not PEM"},
		"empty label": {Server{URL: "http://h", Labels: []target.Label{{Name: "a"}}}, "1 to 2048"},
	} {
		t.Run(name, func(t *testing.T) {
			err := p.Set(t.Context(), test.server, false)
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
	if err != nil || len(p.Status()) != 0 {
		t.Errorf("%v %v", p, err)
	}
}
