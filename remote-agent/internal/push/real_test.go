package push

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	"pyrometer.dev/remote-agent/internal/engine"
	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// realVariable holds the base URL of a Pyroscope to test against, for example http://127.0.0.1:4040.
const realVariable = "PYROMETER_TEST_PYROSCOPE"

const cpuType = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"

// TestRealPyroscope pushes windows to a server and asks both it and the store the same questions.
func TestRealPyroscope(t *testing.T) {
	address, kept := realAddress(t), openStore(t)
	service := fmt.Sprintf("pushed_%d", time.Now().UnixNano())
	start := time.Now().Truncate(15 * time.Second).Add(-5 * time.Minute)
	const windows = 8
	for i := range windows {
		if i != 3 { // a gap
			add(t, kept, service, start.Add(time.Duration(i)*15*time.Second), 5+i)
		}
	}
	add(t, kept, service+"_large", start, maxSamples+10)
	ctx := t.Context()
	p, stop := startPushers(t, kept, func(o *Options) { o.Now = time.Now })
	if err := p.Set(ctx, Server{URL: address}, false); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "pushing", func(s Status) bool { return s.Pushed == windows || s.Error != "" })
	if status.Error != "" {
		t.Fatal(status.Error)
	}
	q := querierv1connect.NewQuerierServiceClient(http.DefaultClient, address)
	startMs, endMs := start.UnixMilli(), start.Add(windows*15*time.Second).UnixMilli()

	values, err := q.LabelValues(ctx, connect.NewRequest(&typesv1.LabelValuesRequest{Name: "service_name", Start: startMs, End: endMs}))
	if err != nil || !slices.Contains(values.Msg.GetNames(), service) {
		t.Errorf("service_name: %v %v", values, err)
	}
	for _, name := range []string{service, service + "_large"} {
		selector := fmt.Sprintf(`{service_name=%q}`, name)
		theirs, err := q.SelectMergeProfile(ctx, connect.NewRequest(&querierv1.SelectMergeProfileRequest{
			ProfileTypeID: cpuType, LabelSelector: selector, Start: startMs, End: endMs,
		}))
		if err != nil {
			t.Fatal(err)
		}
		ours, err := kept.MergeProfile(ctx, store.Selection{ProfileType: cpuType, Selector: selector, StartMs: startMs, EndMs: endMs})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := stacks(t, theirs.Msg), stacks(t, ours); !slices.Equal(a, b) {
			t.Errorf("%s: Pyroscope has %d stacks, the store %d; first %v and %v", name, len(a), len(b), a[:min(2, len(a))], b[:min(2, len(b))])
		}
	}
	for _, step := range []int64{15, 30, 60} {
		theirs, err := q.SelectSeries(ctx, connect.NewRequest(&querierv1.SelectSeriesRequest{
			ProfileTypeID: cpuType, LabelSelector: fmt.Sprintf(`{service_name=%q}`, service), Start: startMs, End: endMs,
			Step: float64(step), GroupBy: []string{"service_name"},
		}))
		if err != nil {
			t.Fatal(err)
		}
		ours, err := kept.SelectSeries(ctx, store.PointsQuery{
			Selection: store.Selection{ProfileType: cpuType, Selector: fmt.Sprintf(`{service_name=%q}`, service), StartMs: startMs, EndMs: endMs},
			GroupBy:   []string{"service_name"}, StepMs: step * 1000,
		})
		if err != nil {
			t.Fatal(err)
		}
		var a, b []string
		for _, series := range theirs.Msg.GetSeries() {
			for _, point := range series.GetPoints() {
				a = append(a, fmt.Sprintf("%d:%v", (point.GetTimestamp()-startMs)/1000, point.GetValue()))
			}
		}
		for _, series := range ours {
			for _, point := range series.Points {
				b = append(b, fmt.Sprintf("%d:%v", (point.TimeMs-startMs)/1000, point.Value))
			}
		}
		if !slices.Equal(a, b) {
			t.Errorf("step %d: Pyroscope %v, the store %v", step, a, b)
		}
	}
	// Sent again from the beginning, nothing is counted twice.
	stop()
	if err := kept.SetSetting(ctx, cursorName+address, []byte("0")); err != nil {
		t.Fatal(err)
	}
	p = startReal(t, kept)
	until(t, p, "pushing again", func(s Status) bool { return s.Pushed == windows })
	again, err := q.SelectMergeProfile(ctx, connect.NewRequest(&querierv1.SelectMergeProfileRequest{
		ProfileTypeID: cpuType, LabelSelector: fmt.Sprintf(`{service_name=%q}`, service), Start: startMs, End: endMs,
	}))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := kept.MergeProfile(ctx, store.Selection{
		ProfileType: cpuType, Selector: fmt.Sprintf(`{service_name=%q}`, service), StartMs: startMs, EndMs: endMs,
	})
	if err != nil || !slices.Equal(stacks(t, again.Msg), stacks(t, ours)) {
		t.Errorf("a repetition was counted twice: %v", err)
	}
}

// TestRealPyroscopeRefusesATime lets windows through by a clock that is wrong; the server refuses them.
func TestRealPyroscopeRefusesATime(t *testing.T) {
	for _, test := range []struct {
		clock           time.Duration
		tooOld, refused uint64
	}{{-3 * time.Hour, 1, 0}, {time.Hour, 0, 1}} {
		address, kept := realAddress(t), openStore(t)
		add(t, kept, "wrong_clock", time.Now().Add(test.clock), 1)
		p, _ := startPushers(t, kept, func(o *Options) {
			o.Now = func() time.Time { return time.Now().Add(test.clock).Add(time.Minute) }
		})
		if err := p.Set(t.Context(), Server{URL: address}, false); err != nil {
			t.Fatal(err)
		}
		status := until(t, p, "a refusal", func(s Status) bool { return s.Refused+s.TooOld == 1 && s.Waiting == 0 })
		t.Log(status.Error)
		if status.TooOld != test.tooOld || status.Refused != test.refused || status.Pushed != 0 ||
			strings.Contains(status.Error, "outside of ingestion window") != (test.refused == 1) {
			t.Errorf("%s: %+v", test.clock, status)
		}
	}
}

// stacks are lines of "function:line<...: value in file", sorted, with what a Pyroscope keeps of a profile.
func stacks(t *testing.T, made *googlev1.Profile) []string {
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
			file := ""
			if l.Mapping != nil {
				file = l.Mapping.File
			}
			for _, line := range l.Line {
				text += fmt.Sprintf("%s %s:%d [%s]<", line.Function.Name, line.Function.Filename, line.Line, file)
			}
		}
		lines = append(lines, fmt.Sprintf("%s %d", text, sample.Value[0]))
	}
	slices.Sort(lines)
	return lines
}

// sameAtBoth compares what a server and the store answer of services whose name begins so.
func sameAtBoth(t *testing.T, address string, kept *store.Store, service string, start, end time.Time) {
	t.Helper()
	selector := fmt.Sprintf(`{service_name=%q}`, service)
	theirs, err := querierv1connect.NewQuerierServiceClient(http.DefaultClient, address).SelectMergeProfile(t.Context(),
		connect.NewRequest(&querierv1.SelectMergeProfileRequest{
			ProfileTypeID: cpuType, LabelSelector: selector, Start: start.UnixMilli(), End: end.UnixMilli(),
		}))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := kept.MergeProfile(t.Context(), store.Selection{
		ProfileType: cpuType, Selector: selector, StartMs: start.UnixMilli(), EndMs: end.UnixMilli(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := stacks(t, theirs.Msg), stacks(t, ours); len(b) == 0 || !slices.Equal(a, b) {
		t.Errorf("%s: Pyroscope has %d stacks, the store %d; first %v and %v", service, len(a), len(b), a[:min(2, len(a))], b[:min(2, len(b))])
	}
}

func realAddress(t *testing.T) string {
	t.Helper()
	address := os.Getenv(realVariable)
	if address == "" {
		t.Skipf("%s is not set: no Pyroscope to test against", realVariable)
	}
	return address
}

// startReal runs pushers by the real clock.
func startReal(t *testing.T, kept *store.Store) *Pushers {
	t.Helper()
	p, _ := startPushers(t, kept, func(o *Options) { o.Now = time.Now })
	return p
}

func TestRealPyroscopeTwoReplicasInOneWindow(t *testing.T) {
	address, kept := realAddress(t), openStore(t)
	service := fmt.Sprintf("replicas_%d", time.Now().UnixNano())
	start := time.Now().Truncate(15 * time.Second).Add(-time.Minute)
	for _, container := range []string{"web-1", "web-2"} {
		w := replica(service, container, start)
		if err := kept.Append(t.Context(), window.Interval{Start: w.Start, End: w.End, Windows: []*window.Window{w}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	// Without the label that tells them apart they would be one series at one time, of which a server drops the second.
	for _, labels := range [][]target.Label{nil, {{Name: "container", Value: "all"}}} {
		p := startReal(t, kept)
		if err := p.Set(t.Context(), Server{URL: address, Labels: labels}, false); err != nil {
			t.Fatal(err)
		}
		until(t, p, "both", func(s Status) bool { return s.Pushed == 2 })
		if labels == nil {
			sameAtBoth(t, address, kept, service, start, start.Add(15*time.Second))
		}
		if err := p.Remove(t.Context(), address, ""); err != nil {
			t.Fatal(err)
		}
		if err := kept.SetSetting(t.Context(), cursorName+address, nil); err != nil {
			t.Fatal(err)
		}
	}
	series, err := querierv1connect.NewQuerierServiceClient(http.DefaultClient, address).SelectSeries(t.Context(),
		connect.NewRequest(&querierv1.SelectSeriesRequest{
			ProfileTypeID: cpuType, LabelSelector: fmt.Sprintf(`{service_name=%q}`, service), Start: start.UnixMilli(),
			End: start.Add(15 * time.Second).UnixMilli(), Step: 15, GroupBy: []string{"container"},
		}))
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, one := range series.Msg.GetSeries() {
		for _, point := range one.GetPoints() {
			sums[one.GetLabels()[0].GetValue()] += point.GetValue() / 10_000_000
		}
	}
	if want := (map[string]float64{"web-1": 1, "web-2": 1, "all": 2}); !maps.Equal(sums, want) {
		t.Errorf("got %v, want %v", sums, want)
	}
}

func replica(service, container string, start time.Time) *window.Window {
	return &window.Window{
		Labels: []target.Label{{Name: "container", Value: container}, {Name: "service_name", Value: service}},
		Type:   window.CPU, Start: start, End: start.Add(15 * time.Second), Period: 10_000_000,
		SampleLabels: []window.SampleLabels{{PID: 1, Thread: "a"}}, Counts: []window.Count{{Count: 1}},
		Stacks: []window.Stack{{Hash: [16]byte{1}, Frames: []*engine.Frame{{Kind: engine.KindPython, Function: "f", File: "/a.py", Line: 1}}}},
	}
}

// TestRealPyroscopeTellsWhatItHas asks for parts that lie a millisecond apart and for series that differ in one label.
func TestRealPyroscopeTellsWhatItHas(t *testing.T) {
	address, kept := realAddress(t), openStore(t)
	service := fmt.Sprintf("asked_%d", time.Now().UnixNano())
	start := time.Now().Truncate(15 * time.Second).Add(-time.Minute)
	w := replica(service, `we"b\1`, start)
	if err := kept.Append(t.Context(), window.Interval{Start: w.Start, End: w.End, Windows: []*window.Window{w}}, nil); err != nil {
		t.Fatal(err)
	}
	p := startReal(t, kept)
	if err := p.Set(t.Context(), Server{URL: address}, false); err != nil {
		t.Fatal(err)
	}
	until(t, p, "it", func(s Status) bool { return s.Pushed == 1 })
	asking, err := newClient(&Server{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	there := pushedLabels(&store.Outgoing{Labels: w.Labels, Type: w.Type}, &Server{})
	fewer := pushedLabels(&store.Outgoing{Labels: w.Labels[1:], Type: w.Type}, &Server{})
	for name, question := range map[string]struct {
		series pushed
		ms     int64
		want   bool
	}{
		"it":                         {there, start.UnixMilli(), true},
		"a millisecond later":        {there, start.UnixMilli() + 1, false},
		"a millisecond before":       {there, start.UnixMilli() - 1, false},
		"a series with fewer labels": {fewer, start.UnixMilli(), false},
	} {
		for _, when := range []string{"from its head", "after a flush"} {
			if got, err := asking.holds(t.Context(), &question.series, cpuType, question.ms); err != nil || got != question.want {
				t.Errorf("%s, %s: %v %v", name, when, got, err)
			}
			flush(t, address)
		}
	}
}
