package push

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
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

// realVariable holds the base URL of a Pyroscope to test against, for example http://127.0.0.1:4040.
const realVariable = "PYROMETER_TEST_PYROSCOPE"

const cpuType = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"

// TestRealPyroscope pushes windows to a server and asks both it and the store the same questions.
func TestRealPyroscope(t *testing.T) {
	address := os.Getenv(realVariable)
	if address == "" {
		t.Skipf("%s is not set: no Pyroscope to test against", realVariable)
	}
	kept := openStore(t)
	service := fmt.Sprintf("pushed_%d", time.Now().UnixNano())
	start := time.Now().Truncate(15 * time.Second).Add(-5 * time.Minute)
	const windows = 8
	for i := range windows {
		if i != 3 { // a gap
			add(t, kept, service, start.Add(time.Duration(i)*15*time.Second), 5+i)
		}
	}
	add(t, kept, service+"_large", start, maxSamples+10)
	p, err := New(t.Context(), Options{Store: kept})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.Run(ctx, nil); close(done) }()
	defer func() { cancel(); <-done }()
	if err := p.Set(ctx, Settings{URL: address}); err != nil {
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
	if err := kept.SetSetting(ctx, cursorName+address, []byte("0")); err != nil {
		t.Fatal(err)
	}
	p.Wake()
	until(t, p, "pushing again", func(s Status) bool { return s.Pushed == 2*windows })
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

func TestRealPyroscopeRefusesWithASentence(t *testing.T) {
	address := os.Getenv(realVariable)
	if address == "" {
		t.Skipf("%s is not set: no Pyroscope to test against", realVariable)
	}
	kept := openStore(t)
	add(t, kept, "old", time.Now().Add(-3*time.Hour), 1)
	// A clock that is three hours behind lets the window through; the server does not.
	p, err := New(t.Context(), Options{Store: kept, Now: func() time.Time { return time.Now().Add(-3 * time.Hour).Add(time.Minute) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.Run(ctx, nil); close(done) }()
	defer func() { cancel(); <-done }()
	if err := p.Set(ctx, Settings{URL: address}); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "a refusal", func(s Status) bool { return s.Refused == 1 })
	t.Log(status.Error)
	if status.Waiting != 0 && status.Pushed != 0 {
		t.Errorf("%+v", status)
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
