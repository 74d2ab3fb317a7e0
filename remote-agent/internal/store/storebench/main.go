// Command storebench measures our store, or a Pyroscope server, with an hour of made-up windows; see bench/store. It prints one
// line of JSON.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"pyrometer.dev/remote-agent/internal/engine"
	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	"pyrometer.dev/remote-agent/internal/gen/push/v1/pushv1connect"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// size is how much is made up.
type size struct {
	services, windows, stacks int
	end                       time.Time
}

// result is what is printed.
type result struct {
	IngestSeconds float64   `json:"ingestSeconds"`
	QueryMs       []float64 `json:"queryMs"`
	FlushedMs     []float64 `json:"flushedMs"`
	// Total and Samples are of one service's hour: both sides must give the same.
	Total   int64 `json:"total"`
	Samples int   `json:"samples"`
	// PeakKB is of this process, for our store.
	PeakKB int64 `json:"peakKb"`
	Bytes  int64 `json:"bytes"`
}

const (
	queries         = 5
	windowsAnUpkeep = 20
)

func run(ctx context.Context) error {
	var s size
	directory := flag.String("store", "", "directory of our store")
	url := flag.String("pyroscope", "", "address of a Pyroscope, which is measured then")
	flag.IntVar(&s.services, "services", 20, "")
	flag.IntVar(&s.windows, "windows", 240, "")
	flag.IntVar(&s.stacks, "stacks", 2000, "stacks of a window")
	end := flag.Int64("end", 0, "end of the hour, Unix seconds")
	flag.Parse()
	s.end = time.Unix(*end, 0)
	var measured *result
	var err error
	if *url != "" {
		measured, err = measurePyroscope(ctx, s, *url)
	} else {
		measured, err = measureOurs(ctx, s, *directory)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(measured)
}

// each makes the windows in the order of time, all services of an interval together.
func (s size) each(visit func(interval window.Interval) error) error {
	services := make([]*service, s.services)
	for i := range services {
		services[i] = newService(i, s.stacks)
	}
	for at := range s.windows {
		start := s.end.Add(time.Duration(at-s.windows) * window.DefaultLength)
		interval := window.Interval{Start: start, End: start.Add(window.DefaultLength), PeriodNs: window.PeriodNs(97)}
		for _, each := range services {
			interval.Windows = append(interval.Windows, each.next(interval))
		}
		if err := visit(interval); err != nil {
			return err
		}
	}
	return nil
}

// service makes windows of a set of stacks, of which a tenth is replaced in each.
type service struct {
	name   string
	random *rand.Rand
	frames []*engine.Frame
	stacks []window.Stack
	made   uint64
}

func newService(number, stacks int) *service {
	s := &service{name: "service-" + strconv.Itoa(number), random: rand.New(rand.NewPCG(97, uint64(number)))}
	for i := range 3000 {
		s.frames = append(s.frames, &engine.Frame{
			Kind: engine.KindPython, Function: fmt.Sprintf("%s.function_%d", s.name, i/3), File: fmt.Sprintf("/srv/app/module_%d.py", i/60),
			Line: uint32(10 + i%3), FunctionLine: uint32(10 * (i % 40)),
		})
	}
	for range stacks {
		s.stacks = append(s.stacks, s.stack())
	}
	return s
}

// stack is 10 to 40 deep and shares its first frames with others, as stacks do.
func (s *service) stack() window.Stack {
	frames := make([]*engine.Frame, 10+s.random.IntN(31))
	for i := range frames {
		depth := len(frames) - 1 - i
		choices := min(1+depth*depth*4, len(s.frames))
		frames[i] = s.frames[s.random.IntN(choices)]
	}
	s.made++
	var hash [16]byte
	binary.LittleEndian.PutUint64(hash[:], s.made)
	copy(hash[8:], s.name)
	return window.Stack{Hash: hash, Frames: frames}
}

func (s *service) next(in window.Interval) *window.Window {
	for range len(s.stacks) / 10 {
		s.stacks[s.random.IntN(len(s.stacks))] = s.stack()
	}
	w := &window.Window{
		Labels: []target.Label{{Name: "host", Value: "bench"}, {Name: "service_name", Value: s.name}}, Type: window.CPU,
		Start: in.Start, End: in.End, Period: in.PeriodNs,
		Stacks: append([]window.Stack(nil), s.stacks...), SampleLabels: []window.SampleLabels{{PID: 1, Thread: "main"}},
	}
	for i := range w.Stacks {
		w.Counts = append(w.Counts, window.Count{Stack: uint32(i), Count: 1 + s.random.Uint64N(4)})
	}
	return w
}

func measureOurs(ctx context.Context, s size, directory string) (*result, error) {
	var now time.Time
	kept, err := store.Open(ctx, store.Options{Directory: directory, Now: func() time.Time { return now }})
	if err != nil {
		return nil, err
	}
	defer kept.Close()
	measured := &result{}
	stored := 0
	err = s.each(func(interval window.Interval) error {
		now = interval.End
		since := time.Now()
		err := kept.Append(ctx, interval, nil)
		if stored++; err == nil && stored%windowsAnUpkeep == 0 {
			err = kept.RollUp(ctx) // as often as the agent does
		}
		measured.IngestSeconds += time.Since(since).Seconds()
		return err
	})
	if err != nil {
		return nil, err
	}
	for range queries {
		since := time.Now()
		merged, err := kept.MergeProfile(ctx, store.Selection{
			ProfileType: window.CPU.String(), Selector: `{service_name="service-0"}`,
			StartMs: s.end.Add(-time.Hour).UnixMilli(), EndMs: s.end.UnixMilli(),
		})
		if err != nil {
			return nil, err
		}
		// As the answer of a call is.
		if _, err := proto.Marshal(merged); err != nil {
			return nil, err
		}
		measured.QueryMs = append(measured.QueryMs, time.Since(since).Seconds()*1000)
		measured.sum(merged)
	}
	measured.Bytes = kept.Bytes()
	measured.PeakKB, err = peakKB()
	return measured, err
}

func (r *result) sum(merged *googlev1.Profile) {
	r.Total, r.Samples = 0, len(merged.GetSample())
	for _, sample := range merged.GetSample() {
		r.Total += sample.GetValue()[0]
	}
}

func peakKB() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(string(status), "VmHWM:")
	if !found {
		return 0, errors.New("the kernel does not tell the peak of memory")
	}
	return strconv.ParseInt(strings.Fields(after)[0], 10, 64)
}

func measurePyroscope(ctx context.Context, s size, url string) (*result, error) {
	pusher := pushv1connect.NewPusherServiceClient(http.DefaultClient, url)
	measured := &result{}
	err := s.each(func(interval window.Interval) error {
		for _, w := range interval.Windows {
			body, err := pprofOf(w)
			if err != nil {
				return err
			}
			labels := []*typesv1.LabelPair{{Name: "__name__", Value: w.Type.Name}}
			for _, label := range w.Labels {
				labels = append(labels, &typesv1.LabelPair{Name: label.Name, Value: label.Value})
			}
			since := time.Now()
			_, err = pusher.Push(ctx, connect.NewRequest(&pushv1.PushRequest{Series: []*pushv1.RawProfileSeries{{
				Labels: labels, Samples: []*pushv1.RawSample{{RawProfile: body}},
			}}}))
			measured.IngestSeconds += time.Since(since).Seconds()
			if err != nil {
				return fmt.Errorf("push: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if measured.QueryMs, err = measured.askPyroscope(ctx, s, url); err != nil {
		return nil, err
	}
	flush, err := http.Post(url+"/ingester.v1.IngesterService/Flush", "application/json", strings.NewReader("{}"))
	if err != nil {
		return nil, err
	}
	if err := flush.Body.Close(); err != nil || flush.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("flush: HTTP %d, %w", flush.StatusCode, err)
	}
	measured.FlushedMs, err = measured.askPyroscope(ctx, s, url)
	return measured, err
}

func (r *result) askPyroscope(ctx context.Context, s size, url string) ([]float64, error) {
	querier := querierv1connect.NewQuerierServiceClient(http.DefaultClient, url)
	var times []float64
	for range queries {
		since := time.Now()
		merged, err := querier.SelectMergeProfile(ctx, connect.NewRequest(&querierv1.SelectMergeProfileRequest{
			ProfileTypeID: window.CPU.String(), LabelSelector: `{service_name="service-0"}`,
			Start: s.end.Add(-time.Hour).UnixMilli(), End: s.end.UnixMilli(),
		}))
		if err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
		times = append(times, time.Since(since).Seconds()*1000)
		r.sum(merged.Msg)
	}
	return times, nil
}

// pprofOf is a window as the agent would push it.
func pprofOf(w *window.Window) ([]byte, error) {
	made := &googlev1.Profile{
		TimeNanos: w.Start.UnixNano(), DurationNanos: int64(w.End.Sub(w.Start)), Period: w.Period, StringTable: []string{""},
	}
	texts := map[string]int64{"": 0}
	text := func(value string) int64 {
		index, known := texts[value]
		if !known {
			index = int64(len(made.GetStringTable()))
			texts[value] = index
			made.StringTable = append(made.StringTable, value)
		}
		return index
	}
	made.SampleType = []*googlev1.ValueType{{Type: text("cpu"), Unit: text("nanoseconds")}}
	made.PeriodType = made.GetSampleType()[0]
	locations := map[*engine.Frame]uint64{}
	for _, c := range w.Counts {
		sample := &googlev1.Sample{Value: []int64{int64(c.Count) * w.Period}}
		for _, frame := range w.Stacks[c.Stack].Frames {
			id, known := locations[frame]
			if !known {
				id = uint64(len(made.GetLocation()) + 1)
				locations[frame] = id
				made.Function = append(made.Function, &googlev1.Function{
					Id: id, Name: text(frame.Function), SystemName: text(frame.Function), Filename: text(frame.File), StartLine: int64(frame.FunctionLine),
				})
				made.Location = append(made.Location, &googlev1.Location{Id: id, Line: []*googlev1.Line{{FunctionId: id, Line: int64(frame.Line)}}})
			}
			sample.LocationId = append(sample.LocationId, id)
		}
		made.Sample = append(made.Sample, sample)
	}
	raw, err := proto.Marshal(made)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err = writer.Write(raw)
	err = errors.Join(err, writer.Close())
	return packed.Bytes(), err
}
