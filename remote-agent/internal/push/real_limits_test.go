package push

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"pyrometer.dev/remote-agent/internal/engine"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// limitsVariable holds the base URL of a Pyroscope whose tenants have the limits of e2e/world/push-limits.yaml.
const limitsVariable = "PYROMETER_TEST_PYROSCOPE_LIMITS"

func limitedAddress(t *testing.T) string {
	t.Helper()
	address := os.Getenv(limitsVariable)
	if address == "" {
		t.Skipf("%s is not set: no Pyroscope with limits to test against", limitsVariable)
	}
	return address
}

// addLong stores a window whose functions have names of so many bytes.
func addLong(t *testing.T, s *store.Store, service string, start time.Time, stacks, nameBytes int) {
	t.Helper()
	w := replica(service, "web-1", start)
	w.Stacks, w.Counts = nil, nil
	for i := range stacks {
		w.Stacks = append(w.Stacks, window.Stack{
			Hash: [16]byte{byte(i), byte(i >> 8), byte(start.Unix()), byte(start.Unix() >> 8)},
			Frames: []*engine.Frame{{
				Kind: engine.KindPython, Function: fmt.Sprint(strings.Repeat("f", nameBytes), start.Unix(), i), File: "/app/a.py", Line: 1,
			}},
		})
		w.Counts = append(w.Counts, window.Count{Stack: uint32(i), Count: 1})
	}
	if err := s.Append(t.Context(), window.Interval{Start: w.Start, End: w.End, Windows: []*window.Window{w}}, nil); err != nil {
		t.Fatal(err)
	}
}

// total is what a server answers of a service, in samples.
func total(t *testing.T, server Server, service string, start, end time.Time) float64 {
	t.Helper()
	request := connect.NewRequest(&querierv1.SelectSeriesRequest{
		ProfileTypeID: cpuType, LabelSelector: fmt.Sprintf(`{service_name=%q}`, service), Start: start.UnixMilli(), End: end.UnixMilli(), Step: 15,
	})
	if server.Tenant != "" {
		request.Header().Set(tenantHeader, server.Tenant)
	}
	answer, err := querierv1connect.NewQuerierServiceClient(http.DefaultClient, server.URL).SelectSeries(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, one := range answer.Msg.GetSeries() {
		for _, point := range one.GetPoints() {
			sum += point.GetValue() / 10_000_000
		}
	}
	return sum
}

// TestRealPyroscopeTakesLargeProfiles: of one that is below its limit for a profile, and above what it takes at once, a server
// takes nothing, however often it is sent.
func TestRealPyroscopeTakesLargeProfiles(t *testing.T) {
	address, kept := realAddress(t), openStore(t)
	start := time.Now().Truncate(15 * time.Second).Add(-time.Minute)
	service := fmt.Sprintf("large_%d", time.Now().UnixNano())
	addLong(t, kept, service, start, 1200, 2500)
	addLong(t, kept, service, start.Add(15*time.Second), 2200, 2500)
	p := startReal(t, kept)
	if err := p.Set(t.Context(), Server{URL: address}, false); err != nil {
		t.Fatal(err)
	}
	until(t, p, "both", func(s Status) bool { return s.Pushed == 2 && s.Error == "" })
	sameAtBoth(t, address, kept, service, start, start.Add(time.Minute))
}

// TestRealPyroscopeTakesNoNewSeries: the tenant has room for three.
func TestRealPyroscopeTakesNoNewSeries(t *testing.T) {
	server, kept := Server{URL: limitedAddress(t), Tenant: "few-series"}, openStore(t)
	start := time.Now().Truncate(15 * time.Second).Add(-2 * time.Minute)
	const windows, services = 3, 5
	for i := range windows {
		for service := range services {
			add(t, kept, fmt.Sprint("service", service), start.Add(time.Duration(i)*15*time.Second), 1)
		}
	}
	p := startReal(t, kept)
	if err := p.Set(t.Context(), server, false); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "all", func(s Status) bool { return s.Pushed+s.Refused == windows*services && s.Waiting == 0 })
	t.Log(status.Error)
	if status.Refused != 2*windows || !strings.Contains(status.Error, "takes no new series") {
		t.Errorf("%+v", status)
	}
	for service := range services {
		want := 0.0
		if service < 3 {
			want = 2 * windows
		}
		if got := total(t, server, fmt.Sprint("service", service), start, start.Add(time.Minute)); got != want {
			t.Errorf("service %d: %v samples, want %v", service, got, want)
		}
	}
}

// TestRealPyroscopeTakesNoWindowsOfTenMinutes: the tenant takes them until then, the default is an hour.
func TestRealPyroscopeTakesNoWindowsOfTenMinutes(t *testing.T) {
	server, kept := Server{URL: limitedAddress(t), Tenant: "young"}, openStore(t)
	service := fmt.Sprintf("young_%d", time.Now().UnixNano())
	start := time.Now().Truncate(15 * time.Second)
	for minutes := 20; minutes > 0; minutes -= 4 {
		add(t, kept, service, start.Add(-time.Duration(minutes)*time.Minute), 1)
	}
	p := startReal(t, kept)
	if err := p.Set(t.Context(), server, false); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "all", func(s Status) bool { return s.Pushed+s.TooOld+s.Refused == 5 && s.Waiting == 0 })
	if status.TooOld != 3 || status.Pushed != 2 || status.Error != "" {
		t.Errorf("%+v", status)
	}
	if got := total(t, server, service, start.Add(-time.Hour), start); got != 4 {
		t.Errorf("%v samples arrived, want 4", got)
	}
}

// TestRealPyroscopeWithALowRate: the tenant has half a megabyte a second, a fourth of what is sent to a server at first.
func TestRealPyroscopeWithALowRate(t *testing.T) {
	between, kept := newDoor(t, limitedAddress(t)), openStore(t)
	server := Server{URL: between.URL, Tenant: "slow"}
	service := fmt.Sprintf("slow_%d", time.Now().UnixNano())
	start := time.Now().Truncate(15 * time.Second).Add(-5 * time.Minute)
	const windows, stacks = 12, 250
	for i := range windows {
		addLong(t, kept, service, start.Add(time.Duration(i)*15*time.Second), stacks, 2000)
	}
	p := startReal(t, kept)
	if err := p.Set(t.Context(), server, false); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "all", func(s Status) bool { return s.Pushed == windows && s.Waiting == 0 })
	if status.Refused != 0 || status.TooOld != 0 || status.Error != "" {
		t.Errorf("%+v", status)
	}
	t.Logf("%d pushes of %d windows", between.pushes.Load(), windows)
	if tooMuch := between.pushes.Load() - windows; tooMuch < 1 || tooMuch > 4 {
		t.Errorf("%d pushes were too much for the server", tooMuch)
	}
	if got := total(t, server, service, start, start.Add(5*time.Minute)); got != windows*stacks {
		t.Errorf("%v samples arrived, want %d", got, windows*stacks)
	}
}

// TestRealPyroscopeGetsNoLabelsOfSamples: 200 processes and a service that started anew are one series of twelve labels.
func TestRealPyroscopeGetsNoLabelsOfSamples(t *testing.T) {
	address, kept := realAddress(t), openStore(t)
	start := time.Now().Truncate(15 * time.Second).Add(-time.Minute)
	service := fmt.Sprintf("labels_%d", time.Now().UnixNano())
	for _, id := range []string{"one", "two"} {
		w := replica(service, "web-1", start)
		for i := range 11 {
			w.Labels = append(w.Labels, target.Label{Name: fmt.Sprintf("extra%02d", i), Value: "x"})
		}
		w.Labels = append(w.Labels, target.Label{Name: "container_id", Value: id})
		w.SampleLabels, w.Counts = nil, nil
		for process := range uint32(200) {
			w.SampleLabels = append(w.SampleLabels, window.SampleLabels{PID: process + 1, Thread: "a"})
			w.Counts = append(w.Counts, window.Count{Labels: process, Count: 1})
		}
		if err := kept.Append(t.Context(), window.Interval{Start: w.Start, End: w.End, Windows: []*window.Window{w}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	p := startReal(t, kept)
	if err := p.Set(t.Context(), Server{URL: address}, false); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "both", func(s Status) bool { return s.Pushed == 2 })
	if status.Series != 1 || strings.Join(status.LabelsLeftOut, " ") != "container_id extra09 extra10" {
		t.Errorf("%+v", status)
	}
	answer, err := querierv1connect.NewQuerierServiceClient(http.DefaultClient, address).Series(t.Context(), connect.NewRequest(&querierv1.SeriesRequest{
		Matchers: []string{fmt.Sprintf(`{service_name=%q}`, service)}, Start: start.UnixMilli(), End: start.Add(time.Minute).UnixMilli(),
	}))
	if err != nil {
		t.Fatal(err)
	}
	if sets := answer.Msg.GetLabelsSet(); len(sets) != 1 {
		t.Errorf("%d series at the server: %v", len(sets), sets)
	} else {
		var names []string
		for _, label := range sets[0].GetLabels() {
			if name := label.GetName(); name == "__name__" || !strings.HasPrefix(name, "__") { // the server adds its own
				names = append(names, name)
			}
		}
		if len(names) != maxLabels {
			t.Errorf("%d labels: %v", len(names), names)
		}
	}
	if got := total(t, Server{URL: address}, service, start, start.Add(15*time.Second)); got != 400 {
		t.Errorf("%v samples arrived, want 400", got)
	}
}
