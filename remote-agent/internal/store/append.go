package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"

	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

const hourMs = 3_600_000

// levelMeasured is the level of windows as they were measured; roll-ups, in a table of their own, have higher ones.
const levelMeasured = 0

// Names are lines of native addresses that were resolved before their window is written.
type Names map[Address][]symbol.Line

// Address is a place in a file.
type Address struct {
	FileID  string
	Address uint64
}

// Append writes the windows of an interval, all or none. Native frames that names does not hold are named later.
func (s *Store) Append(ctx context.Context, interval window.Interval, names Names) error {
	if len(interval.Windows) == 0 && len(interval.Fates) == 0 {
		return nil
	}
	appendAll := func(ctx context.Context, tx *sql.Tx) error {
		r := s.newRows(ctx, tx)
		for _, w := range interval.Windows {
			if err := s.appendWindow(r, w, names); err != nil {
				return err
			}
		}
		return r.appendFates(&interval)
	}
	err := s.write(ctx, appendAll)
	if isCorrupt(err) { // The damaged database was moved aside: what was just measured begins the new one.
		err = s.write(ctx, appendAll)
	}
	if err != nil {
		return fmt.Errorf("append %d windows: %w", len(interval.Windows), err)
	}
	return nil
}

func (s *Store) appendWindow(r *rows, w *window.Window, names Names) error {
	incoming := incoming{
		labels: w.Labels, profileType: w.Type, startMs: w.Start.UnixMilli(), endMs: w.End.UnixMilli(),
		period: w.Period, scale: w.Period,
		sampleLabels: make([][]target.Label, len(w.SampleLabels)),
		stackHash:    func(i uint32) [16]byte { return w.Stacks[i].Hash },
		stackLocations: func(r *rows, i uint32, hour int64) ([]int64, error) {
			frames := w.Stacks[i].Frames
			ids := make([]int64, len(frames))
			for j, frame := range frames {
				var err error
				if ids[j], err = r.frameLocation(frame, names, hour); err != nil {
					return nil, err
				}
			}
			return ids, nil
		},
		counts: make([]count, len(w.Counts)),
	}
	processes := map[uint32]struct{}{}
	for i, labels := range w.SampleLabels {
		processes[labels.PID] = struct{}{}
		incoming.sampleLabels[i] = sampleLabelsOf(labels)
	}
	incoming.processes = len(processes)
	for i, c := range w.Counts {
		incoming.counts[i] = count{stack: c.Stack, labels: c.Labels, count: int64(c.Count)} //nolint:gosec // bounded by the window
	}
	return s.appendIncoming(r, &incoming)
}

// Names of sample labels of what the agent samples itself.
const (
	LabelPID    = "pid"
	LabelThread = "thread"
)

func sampleLabelsOf(labels window.SampleLabels) []target.Label {
	return []target.Label{
		{Name: LabelPID, Value: strconv.FormatUint(uint64(labels.PID), 10)},
		{Name: LabelThread, Value: labels.Thread},
	}
}

// incoming is a window on its way in, whether it was sampled here or pushed. Its counts speak of indices into its own
// columns; appendIncoming turns them into ids.
type incoming struct {
	labels         []target.Label
	profileType    window.ProfileType
	startMs, endMs int64
	period, scale  int64
	processes      int
	sampleLabels   [][]target.Label
	stackHash      func(index uint32) [16]byte
	stackLocations func(r *rows, index uint32, hour int64) ([]int64, error)
	counts         []count
}

func (s *Store) appendIncoming(r *rows, in *incoming) error {
	labels, err := encodeLabels(in.labels)
	if err != nil {
		return err
	}
	series, err := r.seriesID(labels, in.profileType.String())
	if err != nil {
		return err
	}
	at := seriesHour{series: series, hour: in.startMs / hourMs}
	ids, err := r.hour(at)
	if err != nil {
		return err
	}
	labelIDs := make([]uint32, len(in.sampleLabels))
	for i, set := range in.sampleLabels {
		text, err := encodeLabels(set)
		if err != nil {
			return err
		}
		if labelIDs[i], err = r.sampleLabelsID(at, ids, text); err != nil {
			return err
		}
	}
	var total int64
	stackIDs := map[uint32]uint32{}
	block := &stackBlock{at: at}
	for i := range in.counts {
		c := &in.counts[i]
		total += c.count * in.scale
		id, known := stackIDs[c.stack]
		if !known {
			index := c.stack
			id, err = r.stackID(block, ids, in.stackHash(index), func() ([]int64, error) {
				return in.stackLocations(r, index, at.hour)
			})
			if err != nil {
				return err
			}
			stackIDs[index] = id
		}
		c.stack, c.labels = id, labelIDs[c.labels]
	}
	if err := r.writeBlock(block); err != nil {
		return err
	}
	if err := r.noteForRollup(series, in.startMs); err != nil {
		return err
	}
	_, err = r.exec("INSERT INTO window (series_id, level, start_ms, end_ms, period, scale, total, processes, body) "+
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		series, levelMeasured, in.startMs, in.endMs, in.period, in.scale, total, in.processes, s.codec.encode(in.counts))
	return err
}

func (r *rows) locationIDs(locations []location, hour int64) ([]int64, error) {
	ids := make([]int64, len(locations))
	for i := range locations {
		entry, err := r.locationOf(&locations[i], hour)
		if err != nil {
			return nil, err
		}
		ids[i] = entry.id
	}
	return ids, nil
}

// encodeLabels writes labels as [["name","value"],...]; they must be sorted by name.
func encodeLabels(labels []target.Label) (string, error) {
	pairs := make([][2]string, len(labels))
	for i, label := range labels {
		pairs[i] = [2]string{label.Name, label.Value}
	}
	text, err := json.Marshal(pairs)
	if err != nil {
		return "", fmt.Errorf("encode labels: %w", err)
	}
	return string(text), nil
}

func decodeLabels(text string) ([]target.Label, error) {
	var pairs [][2]string
	if err := json.Unmarshal([]byte(text), &pairs); err != nil {
		return nil, fmt.Errorf("decode labels: %w", err)
	}
	labels := make([]target.Label, len(pairs))
	for i, pair := range pairs {
		labels[i] = target.Label{Name: pair[0], Value: pair[1]}
	}
	return labels, nil
}
