package control

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
	"pyrometer.dev/remote-agent/internal/store"
)

// ingestBed is a store that takes pushes over TCP.
func ingestBed(t *testing.T) (address string, kept *store.Store) {
	t.Helper()
	kept, err := store.Open(t.Context(), store.Options{Directory: filepath.Join(t.TempDir(), "store")})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := ListenIngest("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		served <- NewServer(Agent{Store: kept}, slog.New(slog.DiscardHandler)).Serve(ctx, Listeners{Push: []net.Listener{listener}})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String(), kept
}

// ingestion is one request of an SDK.
type ingestion struct {
	query       url.Values
	contentType string
	body        []byte
}

func (i ingestion) send(t *testing.T, address string) (int, string) {
	t.Helper()
	answer, err := http.Post(address+"/ingest?"+i.query.Encode(), i.contentType, bytes.NewReader(i.body))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.Body.Close() != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

func sdkProfile(t *testing.T, timeNanos int64, types ...string) []byte {
	t.Helper()
	p := &profile.Profile{PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 10_000_000, TimeNanos: timeNanos}
	for _, name := range types {
		kind, unit, _ := strings.Cut(name, ":")
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: kind, Unit: unit})
	}
	function := &profile.Function{ID: 1, Name: "handler", Filename: "/app/shop.py"}
	for line := range int64(3) {
		location := &profile.Location{ID: uint64(line + 1), Line: []profile.Line{{Function: function, Line: line + 10}}}
		p.Location = append(p.Location, location)
		sample := &profile.Sample{Location: []*profile.Location{location}}
		for i := range types {
			sample.Value = append(sample.Value, (line+1)*int64(i+1)*10)
		}
		p.Sample = append(p.Sample, sample)
	}
	p.Function = []*profile.Function{function}
	var raw bytes.Buffer
	if err := p.Write(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func form(t *testing.T, fields map[string]string) (contentType string, body []byte) {
	t.Helper()
	var made bytes.Buffer
	writer := multipart.NewWriter(&made)
	for name, content := range fields {
		part, err := writer.CreateFormFile(name, name)
		if err == nil {
			_, err = io.WriteString(part, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return writer.FormDataContentType(), made.Bytes()
}

// ingestions are what SDKs send, of services whose names begin with a prefix, with the profile type that it becomes.
func ingestions(t *testing.T, prefix string, at time.Time) map[string]struct {
	ingestion
	service, profileType string
} {
	from, until := fmt.Sprint(at.Unix()), fmt.Sprint(at.Add(10*time.Second).Unix())
	query := func(pairs ...string) url.Values {
		values := url.Values{"from": {from}, "until": {until}}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return values
	}
	goType, goBody := form(t, map[string]string{
		"profile":            string(sdkProfile(t, at.UnixNano(), "contentions:count", "delay:nanoseconds")),
		"sample_type_config": `{"contentions":{"display-name":"block_count","units":"lock_samples"},"delay":{"display-name":"block_duration"}}`,
	})
	const cpu = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
	return map[string]struct {
		ingestion
		service, profileType string
	}{
		"pprof": {ingestion{
			query("name", prefix+"a{region=eu, kind=x}", "format", "pprof", "spyName", "gospy"), "application/octet-stream",
			sdkProfile(t, at.UnixNano(), "samples:count", "cpu:nanoseconds"),
		}, prefix + "a", cpu},
		"pprof of a script": {ingestion{
			query("name", prefix+"b", "format", "pprof", "spyName", "pyspy"), "",
			sdkProfile(t, at.UnixNano()/1e6, "cpu:nanoseconds"),
		}, prefix + "b", cpu},
		"form": {ingestion{query("name", prefix+"c", "spyName", "gospy"), goType, goBody}, prefix + "c", "block:delay:nanoseconds:cpu:nanoseconds"},
		"folded": {ingestion{
			query("name", prefix+"d.cpu{region=eu}", "sampleRate", "100", "spyName", "rbspy"), "",
			[]byte("main;work;leaf 7\nmain;work 2\nmain;other thing 1\nnonsense\n"),
		}, prefix + "d", cpu},
		"lines": {ingestion{
			query("name", prefix+"e", "format", "lines", "sampleRate", "50"), "",
			[]byte("main;work\nmain;work\nmain\n"),
		}, prefix + "e", cpu},
		"memory": {ingestion{
			query("name", prefix+"f.alloc_space", "format", "folded", "units", "bytes"), "",
			[]byte("main;alloc 4096\n"),
		}, prefix + "f", "memory:alloc_space:bytes::"},
		"its own service": {ingestion{query("name", "app.cpu{service_name="+prefix+"g}"), "", []byte("main 3\n")}, prefix + "g", cpu},
	}
}

func stacksOf(t *testing.T, made *googlev1.Profile) []string {
	t.Helper()
	encoded, err := proto.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(encoded)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, sample := range p.Sample {
		text := ""
		for _, l := range sample.Location {
			for _, line := range l.Line {
				text += fmt.Sprintf("%s %s:%d<", line.Function.Name, line.Function.Filename, line.Line)
			}
		}
		lines = append(lines, fmt.Sprintf("%s %d", text, sample.Value[0]))
	}
	slices.Sort(lines)
	return lines
}

func TestIngestTakesWhatSDKsPush(t *testing.T) {
	address, kept := ingestBed(t)
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	want := map[string]string{
		"pprof":             "[handler /app/shop.py:10< 20 handler /app/shop.py:11< 40 handler /app/shop.py:12< 60]",
		"pprof of a script": "[/app/shop.py:10 - handler /app/shop.py:10< 10 /app/shop.py:11 - handler /app/shop.py:11< 20 /app/shop.py:12 - handler /app/shop.py:12< 30]",
		"form":              "[handler /app/shop.py:10< 20 handler /app/shop.py:11< 40 handler /app/shop.py:12< 60]",
		"folded":            "[leaf :0<work :0<main :0< 70000000 other thing :0<main :0< 10000000 work :0<main :0< 20000000]",
		"lines":             "[main :0< 20000000 work :0<main :0< 40000000]",
		"memory":            "[alloc :0<main :0< 4096]",
		"its own service":   "[main :0< 30000000]",
	}
	for name, test := range ingestions(t, "sdk_", at) {
		if code, said := test.send(t, address); code != http.StatusOK {
			t.Errorf("%s: %d %s", name, code, said)
			continue
		}
		made, err := kept.MergeProfile(t.Context(), store.Selection{
			ProfileType: test.profileType, Selector: fmt.Sprintf(`{service_name=%q,pyrometer_origin="push"}`, test.service),
			StartMs: at.UnixMilli(), EndMs: at.Add(time.Second).UnixMilli(),
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprint(stacksOf(t, made)); got != want[name] {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want[name])
		}
	}
	tagged, err := kept.MergeProfile(t.Context(), store.Selection{
		ProfileType: "process_cpu:samples:count:cpu:nanoseconds", Selector: `{region="eu",kind="x",pyroscope_spy="gospy"}`,
		StartMs: at.UnixMilli(), EndMs: at.Add(time.Second).UnixMilli(),
	})
	if err != nil || len(tagged.GetSample()) != 3 {
		t.Errorf("by tags: %v %v", tagged, err)
	}
}

func TestIngestSaysWhatItDoesNotTake(t *testing.T) {
	address, _ := ingestBed(t)
	previous, body := form(t, map[string]string{"profile": "x", "prev_profile": "y"})
	for name, test := range map[string]struct {
		ingestion
		code int
		says string
	}{
		"no name":          {ingestion{query: url.Values{}}, 400, "name is missing"},
		"tags":             {ingestion{query: url.Values{"name": {"a{b}"}}}, 400, "is no tag=value"},
		"time":             {ingestion{query: url.Values{"name": {"a"}, "from": {"now-1h"}}}, 400, "is no Unix time"},
		"type":             {ingestion{query: url.Values{"name": {"shop.py"}}, body: []byte("a 1")}, 400, "does not say what was measured"},
		"count":            {ingestion{query: url.Values{"name": {"a"}}, body: []byte("a b")}, 400, "does not end in a count"},
		"garbage":          {ingestion{query: url.Values{"name": {"a"}, "format": {"pprof"}}, body: []byte("garbage")}, 400, "not a pprof"},
		"jfr":              {ingestion{query: url.Values{"name": {"a"}, "format": {"jfr"}}, body: []byte("FLR")}, 415, "only pprof and folded"},
		"trie":             {ingestion{query: url.Values{"name": {"a"}}, contentType: "binary/octet-stream+trie"}, 415, "only pprof and folded"},
		"previous profile": {ingestion{query: url.Values{"name": {"a"}}, contentType: previous, body: body}, 400, "update it"},
		"broken form":      {ingestion{query: url.Values{"name": {"a"}}, contentType: "multipart/form-data", body: []byte("x")}, 400, "form"},
		"old": {
			ingestion{query: url.Values{"name": {"a"}, "from": {"1000000000"}, "until": {"1000000010"}}, body: []byte("a 1")},
			400,
			"outside of the time",
		},
		"deep":           {ingestion{query: url.Values{"name": {"a"}}, body: []byte(strings.Repeat(";", store.MaxPushedDepth) + " 1")}, 400, "at most 1024"},
		"many stacks":    {ingestion{query: url.Values{"name": {"a"}}, body: distinct(store.MaxPushedSamples+1, "%x 1\n")}, 400, "more than 16000 stacks"},
		"many functions": {ingestion{query: url.Values{"name": {"a"}}, body: longStacks(15_000, 500, true)}, 400, "more than 262144 functions"},
		"many frames":    {ingestion{query: url.Values{"name": {"a"}}, body: longStacks(15_000, 500, false)}, 400, "more than 4194304 frames"},
		"long names":     {ingestion{query: url.Values{"name": {"a"}, "format": {"pprof"}, "spyName": {"pyspy"}}, body: manyLines(t)}, 400, "too long names"},
		"too large":      {ingestion{query: url.Values{"name": {"a"}}, body: make([]byte, maxPushBytes+1)}, 413, "at most 16 MiB"},
	} {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if code, said := test.send(t, address); code != test.code || !strings.Contains(said, test.says) {
			t.Errorf("%s: %d %s", name, code, said)
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 320<<20 {
			t.Errorf("%s: %d bytes were allocated", name, grown)
		}
	}
}

// distinct makes so many texts of a number.
func distinct(count int, format string) []byte {
	var text bytes.Buffer
	for i := range count {
		fmt.Fprintf(&text, format, i)
	}
	return text.Bytes()
}

// longStacks are stacks of so many frames, whose functions are all different or few.
func longStacks(count, depth int, different bool) []byte {
	var text bytes.Buffer
	for i := range count {
		for j := range depth {
			if different {
				j += i * depth
			}
			text.WriteString(strconv.FormatInt(int64(j%(count*depth/8)), 36) + ";")
		}
		fmt.Fprintf(&text, "%d 1\n", i)
		if text.Len() > maxPushBytes-4096 {
			break
		}
	}
	return text.Bytes()
}

// manyLines is a profile of one function, whose file has a long name, with many lines.
func manyLines(t *testing.T) []byte {
	t.Helper()
	p, err := profile.ParseData(sdkProfile(t, time.Now().UnixNano(), "cpu:nanoseconds"))
	if err != nil {
		t.Fatal(err)
	}
	p.Function[0].Filename = strings.Repeat("f", 1<<20)
	for line := range int64(10_000) {
		location := &profile.Location{ID: uint64(len(p.Location) + 1), Line: []profile.Line{{Function: p.Function[0], Line: line}}}
		p.Location = append(p.Location, location)
	}
	var raw bytes.Buffer
	if err := p.Write(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func TestIngestIsForThisMachineAlone(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", "192.0.2.1:0", ":0", "localhost:0", "127.0.0.1"} {
		if listener, err := ListenIngest(address); err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%s: %v %v", address, listener, err)
		}
	}
	address, _ := ingestBed(t)
	for name, change := range map[string]func(*http.Request){
		"a page":               func(r *http.Request) { r.Header.Set("Origin", "https://example.com") },
		"a page of the origin": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") },
		"a rebound name":       func(r *http.Request) { r.Host = "evil.example:4041" },
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/ingest?name=a", strings.NewReader("a 1"))
		if err != nil {
			t.Fatal(err)
		}
		change(request)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close() != nil || answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", name, answer.Status)
		}
	}
	// It takes, and tells nothing.
	_, err := querierv1connect.NewQuerierServiceClient(http.DefaultClient, address).LabelNames(t.Context(), connect.NewRequest(&typesv1.LabelNamesRequest{}))
	if connect.CodeOf(err) != connect.CodeUnimplemented {
		t.Errorf("it can be read: %v", err)
	}
}

// TestRealPyroscopeIngestsTheSame pushes the same requests to a real Pyroscope and to a store, and compares what both answer.
func TestRealPyroscopeIngestsTheSame(t *testing.T) {
	real := os.Getenv("PYROMETER_TEST_PYROSCOPE")
	if real == "" {
		t.Skip("PYROMETER_TEST_PYROSCOPE is not set: no Pyroscope to test against")
	}
	address, kept := ingestBed(t)
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	queries := querierv1connect.NewQuerierServiceClient(http.DefaultClient, real)
	for name, test := range ingestions(t, fmt.Sprintf("same_%d_", time.Now().UnixNano()), at) {
		ours, _ := test.send(t, address)
		if theirs, said := test.send(t, real); theirs != http.StatusOK || ours != http.StatusOK {
			t.Errorf("%s: Pyroscope %d %s, we %d", name, theirs, said, ours)
			continue
		}
		selector := fmt.Sprintf(`{service_name=%q}`, test.service)
		start, end := at.Add(-time.Minute).UnixMilli(), at.Add(time.Minute).UnixMilli()
		theirs, err := queries.SelectMergeProfile(t.Context(), connect.NewRequest(&querierv1.SelectMergeProfileRequest{
			ProfileTypeID: test.profileType, LabelSelector: selector, Start: start, End: end,
		}))
		if err != nil {
			t.Fatal(err)
		}
		mine, err := kept.MergeProfile(t.Context(), store.Selection{ProfileType: test.profileType, Selector: selector, StartMs: start, EndMs: end})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := stacksOf(t, theirs.Msg), stacksOf(t, mine); len(a) == 0 || !slices.Equal(a, b) {
			t.Errorf("%s:\nPyroscope %v\nwe        %v", name, a, b)
		}
		series, err := queries.Series(t.Context(), connect.NewRequest(&querierv1.SeriesRequest{Matchers: []string{selector}, Start: start, End: end}))
		if err != nil {
			t.Fatal(err)
		}
		mineToo, err := kept.Series(t.Context(), []string{selector}, nil, store.Range{StartMs: start, EndMs: end})
		if err != nil {
			t.Fatal(err)
		}
		var a, b []string
		for _, set := range series.Msg.GetLabelsSet() {
			a = append(a, ownLabels(set.GetLabels()))
		}
		for _, set := range mineToo {
			b = append(b, ownLabels(labelPairs(set)))
		}
		slices.Sort(a)
		slices.Sort(b)
		if a, b = slices.Compact(a), slices.Compact(b); !slices.Equal(a, b) {
			t.Errorf("%s: series at Pyroscope %v, here %v", name, a, b)
		}
	}
}

// ownLabels are those that a sender chose.
func ownLabels(pairs []*typesv1.LabelPair) string {
	var names []string
	for _, pair := range pairs {
		if !strings.HasPrefix(pair.GetName(), "__") && pair.GetName() != store.OriginLabel {
			names = append(names, pair.GetName()+"="+pair.GetValue())
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}
