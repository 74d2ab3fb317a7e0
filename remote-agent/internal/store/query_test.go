package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/window"
)

func TestMergeKeepsEverythingOfAStack(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main>view>0x1234>[vfs_read] 3"))
	p := merged(t, s, selection("{}", baseMs, baseMs+1))
	if p.SampleType[0].Type != "cpu" || p.SampleType[0].Unit != "nanoseconds" || p.PeriodType.Type != "cpu" || p.Period != period {
		t.Errorf("types %v %v period %d", p.SampleType[0], p.PeriodType, p.Period)
	}
	if p.TimeNanos != baseMs*1e6 || p.DurationNanos != stepMs*1e6 {
		t.Errorf("time %d duration %d", p.TimeNanos, p.DurationNanos)
	}
	var got []string
	for _, l := range p.Sample[0].Location { // leaf first
		f := l.Line[0].Function
		mapping := "-"
		if l.Mapping != nil {
			mapping = l.Mapping.File + " " + l.Mapping.BuildID
		}
		got = append(got, fmt.Sprintf("%s %s:%d (%d) 0x%x %s", f.Name, f.Filename, l.Line[0].Line, f.StartLine, l.Address, mapping))
	}
	want := `[vfs_read :0 (0) 0x0 [kernel] 
libfoo.so+0x1234 :0 (0) 0x1234 /usr/lib/libfoo.so b01d
view /app/view.py:7 (5) 0x0 [python] 
main /app/main.py:7 (5) 0x0 [python] ]`
	if "["+strings.Join(got, "\n")+"]" != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if p.Sample[0].Value[0] != 3*period || len(p.Sample[0].Label) != 0 {
		t.Errorf("%v %v", p.Sample[0].Value, p.Sample[0].Label)
	}
	if p.Mapping[0].File != "/usr/lib/libfoo.so" {
		t.Errorf("the first mapping is %s: tools take it for the program", p.Mapping[0].File)
	}
}

func TestMergeBeginsWithAWindowWithoutPeriod(t *testing.T) {
	s := openStore(t, nil)
	pushed := windowOf("web", baseMs, "1/a main>x 1")
	pushed.Period = 0
	s.must(t, pushed, windowOf("web", baseMs+stepMs, "1/a main>x 1"))
	p := merged(t, s, selection("{}", baseMs, baseMs+2*stepMs))
	if p.TimeNanos != baseMs*1e6 || p.DurationNanos != 2*stepMs*1e6 || p.Period != 0 {
		t.Errorf("time %d duration %d period %d", p.TimeNanos, p.DurationNanos, p.Period)
	}
}

func TestSelectors(t *testing.T) {
	s := openStore(t, nil)
	s.must(t,
		windowOf("web", baseMs, "1/a main>x 1", "1/b main>x 2", "2/a main>y 4"),
		windowOf("db", baseMs, "3/pg main>x 8"),
	)
	for selector, want := range map[string]string{
		`{}`:                                   "main>x 11, main>y 4",
		`{service_name="web"}`:                 "main>x 3, main>y 4",
		`{service_name=~"w.*|nothing"}`:        "main>x 3, main>y 4",
		`{service_name!="web"}`:                "main>x 8",
		`{service_name="web",thread="a"}`:      "main>x 1, main>y 4",
		`{thread!="a"}`:                        "main>x 10",
		`{pid="2"}`:                            "main>y 4",
		`{pid=~"1|3"}`:                         "main>x 11",
		`{pid=""}`:                             "",
		`{nowhere=""}`:                         "main>x 11, main>y 4",
		`{nowhere="x"}`:                        "",
		`{__profile_type__="` + cpuType + `"}`: "main>x 11, main>y 4",
		`{__name__="memory"}`:                  "",
		`{__service_name__="db"}`:              "main>x 8",
		`{service_name="db\"; DROP TABLE window; --"}`: "",
	} {
		if got := folded(merged(t, s, selection(selector, baseMs, baseMs+1))); got != want {
			t.Errorf("%s: got %q want %q", selector, got, want)
		}
	}
	for selector, says := range map[string]string{
		"":                               "unexpected end of input",
		"{":                              "parse error",
		`{a=~"("}`:                       "error parsing regexp",
		strings.Repeat("x", 20_000):      "at most",
		`{service_name="web"} or vector`: "parse error",
	} {
		_, err := s.MergeProfile(t.Context(), selection(selector, 1, 2))
		if !errors.Is(err, ErrBadQuery) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v", selector, err)
		}
	}
}

func TestRangesAreHalfOpenAndPartition(t *testing.T) {
	s := openStore(t, nil)
	for i := range int64(4) {
		s.must(t, windowOf("web", baseMs+i*stepMs, fmt.Sprintf("1/a main>w%d 1", i)))
	}
	for _, test := range []struct {
		start, end int64
		want       string
	}{
		{baseMs, baseMs + 2*stepMs, "main>w0 1, main>w1 1"},
		{baseMs + 2*stepMs, baseMs + 4*stepMs, "main>w2 1, main>w3 1"},
		{baseMs + 1, baseMs + stepMs, ""},
		{baseMs + 1, baseMs + stepMs + 1, "main>w1 1"},
		{baseMs + 4*stepMs, baseMs, ""},
	} {
		if got := folded(merged(t, s, selection("{}", test.start, test.end))); got != test.want {
			t.Errorf("[%d,%d): got %q want %q", test.start-baseMs, test.end-baseMs, got, test.want)
		}
	}
}

func TestWindowsOfSeveralHoursMerge(t *testing.T) {
	s := openStore(t, nil)
	for hour := range int64(3) {
		s.must(t, windowOf("web", baseMs+hour*hourMs, "1/a main>x 1", fmt.Sprintf("%d/t main>h%d 1", hour+5, hour)))
	}
	p := merged(t, s, selection("{}", baseMs, baseMs+3*hourMs))
	if got := folded(p); got != "main>h0 1, main>h1 1, main>h2 1, main>x 3" {
		t.Error(got)
	}
	if len(p.Location) != 5 {
		t.Errorf("%d locations: those of different hours are not the same", len(p.Location))
	}
	// Sample-label ids begin anew in each hour.
	if got := folded(merged(t, s, selection(`{pid="6"}`, baseMs, baseMs+3*hourMs))); got != "main>h1 1" {
		t.Error(got)
	}
}

func TestSelectSeries(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main 1", "1/b main 2"), windowOf("db", baseMs, "3/pg main 8"))
	s.must(t, windowOf("web", baseMs+stepMs, "1/a main 3"))
	// one step without windows
	s.must(t, windowOf("web", baseMs+3*stepMs, "2/a main 4"))
	for name, test := range map[string]struct {
		query PointsQuery
		want  string
	}{
		"all":               {PointsQuery{StepMs: stepMs}, "{} 0:11 15:3 45:4"},
		"by service":        {PointsQuery{StepMs: stepMs, GroupBy: []string{"service_name"}}, "{service_name=db} 0:8; {service_name=web} 0:3 15:3 45:4"},
		"by thread":         {PointsQuery{StepMs: stepMs, GroupBy: []string{"thread"}}, "{thread=a} 0:1 15:3 45:4; {thread=b} 0:2; {thread=pg} 0:8"},
		"of a thread":       {PointsQuery{StepMs: stepMs, Selection: Selection{Selector: `{thread="a"}`}}, "{} 0:1 15:3 45:4"},
		"longer steps":      {PointsQuery{StepMs: 2 * stepMs, GroupBy: []string{"service_name"}}, "{service_name=db} 0:8; {service_name=web} 0:3 30:3 60:4"},
		"average":           {PointsQuery{StepMs: 4 * stepMs, Average: true}, "{} 0:5.5 60:3.5"},
		"limited":           {PointsQuery{StepMs: stepMs, GroupBy: []string{"service_name"}, Limit: 1}, "{service_name=web} 0:3 15:3 45:4"},
		"by unknown":        {PointsQuery{StepMs: 4 * stepMs, GroupBy: []string{"nowhere"}}, "{} 0:11 60:7"},
		"looks back a step": {PointsQuery{StepMs: stepMs, Selection: Selection{StartMs: baseMs + stepMs - 1}}, "{} 14.999:11 29.999:3 59.999:4"},
	} {
		t.Run(name, func(t *testing.T) {
			query := test.query
			query.ProfileType = cpuType
			if query.Selector == "" {
				query.Selector = "{}"
			}
			if query.StartMs == 0 {
				query.StartMs = baseMs
			}
			query.EndMs = baseMs + 4*stepMs
			results, err := s.SelectSeries(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, result := range results {
				var labels []string
				for _, l := range result.Labels {
					labels = append(labels, l.Name+"="+l.Value)
				}
				line := "{" + strings.Join(labels, ",") + "}"
				for _, p := range result.Points {
					line += fmt.Sprintf(" %v:%v", float64(p.TimeMs-baseMs)/1000, p.Value/period)
				}
				got = append(got, line)
			}
			if strings.Join(got, "; ") != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), test.want)
			}
		})
	}
	for name, query := range map[string]PointsQuery{
		"no step":        {Selection: selection("{}", 1, 2)},
		"too many steps": {Selection: selection("{}", 1, baseMs), StepMs: 1},
		"no range":       {Selection: selection("{}", 0, 0), StepMs: 1},
	} {
		if _, err := s.SelectSeries(t.Context(), query); !errors.Is(err, ErrBadQuery) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLabelsAndSeries(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main 1", "2/b main 2"), windowOf("db", baseMs, "3/pg main 8"))
	s.must(t, windowOf("later", baseMs+hourMs, "4/z main 1"))
	within := Range{baseMs, baseMs + 1}
	all := "__name__ __period_type__ __period_unit__ __profile_type__ __service_name__ __type__ __unit__ host pid service_name thread"
	if names, err := s.LabelNames(t.Context(), nil, within); err != nil || strings.Join(names, " ") != all {
		t.Errorf("%v %v", names, err)
	}
	for _, test := range []struct{ name, matcher, want string }{
		{"service_name", "", "db web"},
		{"thread", "", "a b pg"},
		{"pid", `{service_name="web"}`, "1 2"},
		{"thread", `{pid="2"}`, "b"},
		{"__profile_type__", "", cpuType},
		{"nowhere", "", ""},
	} {
		var matchers []string
		if test.matcher != "" {
			matchers = []string{test.matcher}
		}
		values, err := s.LabelValues(t.Context(), test.name, matchers, within)
		if err != nil || strings.Join(values, " ") != test.want {
			t.Errorf("%s %s: %v %v", test.name, test.matcher, values, err)
		}
	}
	everything, err := s.LabelValues(t.Context(), "service_name", nil, Range{})
	if err != nil || len(everything) != 3 {
		t.Errorf("without a range: %v %v", everything, err)
	}
	sets, err := s.Series(t.Context(), []string{`{service_name="db"}`, `{service_name="web"}`}, []string{"service_name", "__profile_type__"}, within)
	if err != nil || fmt.Sprint(sets) != "[[{__profile_type__ "+cpuType+"} {service_name db}] [{__profile_type__ "+cpuType+"} {service_name web}]]" {
		t.Errorf("%v %v", sets, err)
	}
	if full, err := s.Series(t.Context(), nil, nil, within); err != nil || len(full) != 2 || len(full[0]) != 9 {
		t.Errorf("%v %v", full, err)
	}
	types, err := s.ProfileTypes(t.Context(), within)
	if err != nil || len(types) != 1 || types[0] != window.CPU {
		t.Errorf("%v %v", types, err)
	}
	stats, err := s.Stats(t.Context())
	if err != nil || stats != (Stats{3, baseMs, baseMs + hourMs, baseMs + hourMs + stepMs}) {
		t.Errorf("%+v %v", stats, err)
	}
	if _, err := s.LabelNames(t.Context(), []string{"{"}, within); !errors.Is(err, ErrBadQuery) {
		t.Error(err)
	}
}

func TestEmptyStoreAnswers(t *testing.T) {
	s := openStore(t, nil)
	if p, err := s.MergeProfile(t.Context(), selection("{}", 1, 2)); err != nil || len(p.GetSample()) != 0 {
		t.Errorf("%v %v", p, err)
	}
	if stats, err := s.Stats(t.Context()); err != nil || stats != (Stats{}) {
		t.Errorf("%v %v", stats, err)
	}
	if services, err := s.Services(t.Context(), Range{}); err != nil || len(services) != 0 {
		t.Errorf("%v %v", services, err)
	}
}

func TestServices(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main 750", "2/a main 750"), windowOf("db", baseMs, "3/pg main 150"))
	s.must(t, windowOf("web", baseMs+stepMs, "1/a main 150"))
	describe := func(within Range) string {
		services, err := s.Services(t.Context(), within)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, service := range services {
			lines = append(lines, fmt.Sprintf("%s %.2f %d %d", valueOf(service.Labels, "service_name"), service.Cores,
				(service.LastSeenMs-baseMs)/1000, service.Processes))
		}
		return strings.Join(lines, ", ")
	}
	if got := describe(Range{}); got != "web 0.10 30 1" {
		t.Errorf("last window: %s", got)
	}
	// Half of the range is before the first window: cores are over the time that was measured.
	if got := describe(Range{baseMs - 2*stepMs, baseMs + 2*stepMs}); got != "web 0.55 30 2, db 0.05 15 1" {
		t.Errorf("range: %s", got)
	}
	// Between the recordings of two days nothing was measured: that time is not time without use.
	s.must(t, windowOf("web", baseMs+100*stepMs, "1/a main 750"))
	if got := describe(Range{baseMs, baseMs + 101*stepMs}); got != "web 0.53 1515 2, db 0.03 15 1" {
		t.Errorf("range with a gap: %s", got)
	}
}

func TestWindowsOneByOne(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main>x 1"), windowOf("db", baseMs, "3/pg main>x 8"))
	s.must(t, windowOf("web", baseMs+stepMs, "1/a main>x 1", "1/b main>y 2"))
	s.must(t, windowOf("db", baseMs+2*stepMs, "3/pg main>x 1"), windowOf("web", baseMs+3*stepMs, "1/a main>z 4"))
	var got []string
	note := func(w *WindowCounts) error {
		counts := make([]int64, len(w.Values))
		for i, value := range w.Values {
			counts[i] = value / w.Period
		}
		got = append(got, fmt.Sprintf("%d-%d %v %v", (w.StartMs-baseMs)/1000, (w.EndMs-baseMs)/1000, w.Stacks, counts))
		return nil
	}
	// What the third window measured was of another service: this one did nothing in it.
	whole, err := s.Windows(t.Context(), selection(`{service_name="web",pyrometer_origin=""}`, baseMs, baseMs+4*stepMs), note)
	if err != nil || strings.Join(got, "; ") != "0-15 [0] [1]; 15-30 [0 1] [1 2]; 30-45 [] []; 45-60 [2] [4]" {
		t.Errorf("%v %v", got, err)
	}
	if folded(valid(t, whole)) != "main>x 2, main>y 2, main>z 4" || whole.DurationNanos != 4*stepMs*1e6 {
		t.Errorf("%v, %d", whole.Sample, whole.DurationNanos)
	}
	for i, want := range []int64{2, 2, 4} { // sample i is stack i
		if whole.Sample[i].Value[0] != want*whole.Period {
			t.Errorf("stack %d: %v", i, whole.Sample[i].Value)
		}
	}
	got = nil
	if _, err := s.Windows(t.Context(), selection(`{}`, baseMs, baseMs+stepMs), note); err != nil || strings.Join(got, "; ") != "0-15 [0] [9]" {
		t.Errorf("%v %v", got, err)
	}
	stop := errors.New("stop")
	if _, err := s.Windows(t.Context(), selection(`{}`, baseMs, baseMs+2*stepMs), func(*WindowCounts) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

func TestStacksWithoutFramesAreCounted(t *testing.T) {
	s := openStore(t, nil)
	w := windowOf("web", baseMs, "1/a main>x 1")
	w.Stacks = append(w.Stacks, window.Stack{Hash: [16]byte{9}})
	w.Counts = append(w.Counts, window.Count{Stack: 1, Count: 2})
	s.must(t, w)
	if got := folded(merged(t, s, selection("{}", baseMs, baseMs+1))); got != " 2, main>x 1" {
		t.Errorf("%q", got)
	}
}

func TestHostileNamesMakeAValidProfile(t *testing.T) {
	s := openStore(t, nil)
	names := []string{"\xff\xfe", "a\x00b", "\u202egnp.exe", strings.Repeat("x", 100_000), "'); DROP TABLE stack; --", "<script>", ""}
	w := windowOf("web\x80", baseMs)
	for i, name := range names {
		stack := window.Stack{Hash: [16]byte{byte(i)}, Frames: []*engine.Frame{
			{Kind: engine.KindPython, Function: name, File: name},
			{Kind: engine.KindNative, Mapping: &engine.Mapping{FileID: name + "id", Path: "/" + name}, Address: ^uint64(0) - uint64(i)},
			{Kind: engine.KindError, Function: "truncated"},
		}}
		w.Stacks = append(w.Stacks, stack)
		w.Counts = append(w.Counts, window.Count{Stack: uint32(i), Count: 1})
	}
	w.SampleLabels = []window.SampleLabels{{PID: 1, Thread: "\xc0\xaf"}}
	s.must(t, w)
	p := merged(t, s, selection("{}", baseMs, baseMs+1))
	if len(p.Sample) != len(names) {
		t.Errorf("%d samples", len(p.Sample))
	}
	found := map[string]bool{}
	for _, f := range p.Function {
		found[f.Name] = true
	}
	if !found["a\x00b"] || !found["\uFFFD"] || !found["[not walked further: truncated]"] {
		t.Errorf("%v", len(found))
	}
	if values, err := s.LabelValues(t.Context(), "thread", nil, Range{}); err != nil || len(values) != 1 {
		t.Errorf("%v %v", values, err)
	}
}
