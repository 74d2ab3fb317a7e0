package store

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/proto"

	"pyrometer.dev/remote-agent/internal/engine"
	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/timed"
	"pyrometer.dev/remote-agent/internal/window"
)

// LabelTime is the label of a sample that says when it was taken, in Unix nanoseconds. pprof has no field for it; this name
// is the one that profilers with a timeline have agreed on.
const LabelTime = "end_timestamp_ns"

// Labels of samples that have a time, beside LabelTime, LabelPID, LabelThread and service_name.
const (
	LabelTID = "tid"
	LabelCPU = "cpu"
)

// timedPart is how many samples are encoded at once: about 200 kB.
const timedPart = 2000

// SampleMatcher reads a selector and answers what says whether it selects a sample of CPU time.
func SampleMatcher(selector string) (timed.Wants, error) {
	matchers, err := parseSelector(selector)
	if err != nil {
		return nil, err
	}
	return func(service []target.Label, pid uint32, thread string) bool {
		of := series{labels: service, profileType: window.CPU, typeID: window.CPU.String()}
		open, possible := of.match(matchers)
		return possible && (len(open) == 0 || matchSample(sampleLabelsOf(window.SampleLabels{PID: pid, Thread: thread}), open))
	}, nil
}

// TimedProfile writes samples with their times as a pprof, in parts that are the whole when they are put together in their
// order: first all but the samples, then those. names says the lines of a native address, none where nothing names it.
func TimedProfile(taken *timed.Taken, names func(*engine.Mapping, uint64) []symbol.Line, send func([]byte) error) error {
	b, stacks, err := timedTables(taken, names)
	if err != nil {
		return err
	}
	p := b.profile
	p.SampleType = []*googlev1.ValueType{
		{Type: b.text("samples"), Unit: b.text("count")},
		{Type: b.text(window.CPU.SampleType), Unit: b.text(window.CPU.SampleUnit)},
	}
	p.DefaultSampleType = b.text(window.CPU.SampleType)
	p.PeriodType = &googlev1.ValueType{Type: b.text(window.CPU.PeriodType), Unit: b.text(window.CPU.PeriodUnit)}
	if len(taken.Samples) > 0 {
		p.Period = int64(taken.Samples[0].PeriodNs)
	}
	p.TimeNanos, p.DurationNanos = taken.Start, taken.End-taken.Start
	labelled := newTimedLabels(b, taken)
	if err := sendPart(p, send); err != nil {
		return err
	}
	for from := 0; from < len(taken.Samples); from += timedPart {
		part := &googlev1.Profile{}
		for _, sample := range taken.Samples[from:min(from+timedPart, len(taken.Samples))] {
			part.Sample = append(part.Sample, &googlev1.Sample{
				LocationId: stacks[sample.Stack], Value: []int64{1, int64(sample.PeriodNs)}, Label: labelled.of(&sample),
			})
		}
		if err := sendPart(part, send); err != nil {
			return err
		}
	}
	return nil
}

func sendPart(part *googlev1.Profile, send func([]byte) error) error {
	encoded, err := proto.Marshal(part)
	if err != nil {
		return fmt.Errorf("encode profile: %w", err)
	}
	return send(encoded)
}

// timedLabels makes the labels of samples; keys and texts are numbered once.
type timedLabels struct {
	time, nanoseconds, pid, tid, cpu, thread, service int64
	threads, services                                 []int64
}

func newTimedLabels(b *profileBuilder, taken *timed.Taken) *timedLabels {
	made := &timedLabels{
		time: b.text(LabelTime), nanoseconds: b.text("nanoseconds"), pid: b.text(LabelPID), tid: b.text(LabelTID),
		cpu: b.text(LabelCPU), thread: b.text(LabelThread), service: b.text("service_name"),
	}
	for _, text := range taken.Threads {
		made.threads = append(made.threads, b.text(text))
	}
	for _, text := range taken.Services {
		made.services = append(made.services, b.text(text))
	}
	return made
}

func (l *timedLabels) of(sample *timed.Sample) []*googlev1.Label {
	return []*googlev1.Label{
		{Key: l.time, Num: sample.TimeNs, NumUnit: l.nanoseconds},
		{Key: l.pid, Num: int64(sample.PID)},
		{Key: l.tid, Num: int64(sample.TID)},
		{Key: l.cpu, Num: int64(sample.CPU)},
		{Key: l.thread, Str: l.threads[sample.Thread]},
		{Key: l.service, Str: l.services[sample.Service]},
	}
}

// timedTables numbers the locations of all stacks, by rows of a dictionary that is made for them alone.
func timedTables(taken *timed.Taken, names func(*engine.Mapping, uint64) []symbol.Line) (*profileBuilder, [][]uint64, error) {
	d := &frameRows{catalog: newCatalog(nil), names: names, known: map[*engine.Frame]int64{}, mappings: map[*engine.Mapping]int64{}, functions: map[functionRow]int64{}}
	rows := make([][]int64, len(taken.Stacks))
	for i, stack := range taken.Stacks {
		for _, frame := range stack {
			rows[i] = append(rows[i], d.location(frame))
		}
	}
	b := newProfileBuilder(d.catalog)
	ids := make([]int64, 0, len(d.catalog.locations))
	for id := range int64(len(d.catalog.locations)) {
		ids = append(ids, id+1)
	}
	numbers, err := b.locations(ids)
	if err != nil {
		return nil, nil, err
	}
	stacks := make([][]uint64, len(rows))
	for i, row := range rows {
		for _, id := range row {
			stacks[i] = append(stacks[i], numbers[id])
		}
	}
	return b, stacks, nil
}

// frameRows gives frames ids as the store's dictionary does.
type frameRows struct {
	catalog   *catalog
	names     func(*engine.Mapping, uint64) []symbol.Line
	known     map[*engine.Frame]int64
	mappings  map[*engine.Mapping]int64
	functions map[functionRow]int64
}

func (d *frameRows) location(frame *engine.Frame) int64 {
	if id, known := d.known[frame]; known {
		return id
	}
	l := locationOfFrame(frame)
	if l.state == statePending {
		l.lines = d.names(l.mapping, l.address)
	}
	row := &locationRow{kind: l.kind, mapping: d.mapping(l.mapping), address: l.address}
	for _, at := range l.lines {
		row.lines = append(row.lines, line{function: d.function(&at), line: int64(at.Line)})
	}
	id := int64(len(d.catalog.locations) + 1)
	d.catalog.locations[id], d.known[frame] = row, id
	return id
}

func (d *frameRows) mapping(mapping *engine.Mapping) int64 {
	if mapping == nil {
		return 0
	}
	id, known := d.mappings[mapping]
	if !known {
		id = int64(len(d.mappings) + 1)
		d.mappings[mapping], d.catalog.mappings[id] = id, mapping
	}
	return id
}

func (d *frameRows) function(at *symbol.Line) int64 {
	row := functionRow{name: at.Function, systemName: at.SystemName, file: at.File, startLine: min(int64(at.StartLine), math.MaxInt32)}
	id, known := d.functions[row]
	if !known {
		id = int64(len(d.functions) + 1)
		d.functions[row], d.catalog.functions[id] = id, &row
	}
	return id
}
