package push

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
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
