package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
	"github.com/zeebo/xxh3"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// ErrBadProfile is wrapped by errors of pushed profiles that the sender must mend. Their text is made for people.
var ErrBadProfile = errors.New("bad profile")

type badProfile struct{ cause error }

func (b badProfile) Error() string        { return b.cause.Error() }
func (b badProfile) Unwrap() error        { return b.cause }
func (b badProfile) Is(target error) bool { return target == ErrBadProfile }

func refuse(format string, arguments ...any) error {
	return badProfile{fmt.Errorf(format, arguments...)}
}

// Limits of what is pushed, those of Pyroscope's defaults where it has one.
const (
	maxProfileBytes   = 16 << 20 // unpacked
	maxPushedSamples  = 16_000
	maxPushedDepth    = 1024
	maxLabelNames     = 30
	maxLabelName      = 1024
	maxLabelValue     = 2048
	maxSampleTypes    = 16
	acceptedAge       = time.Hour
	acceptedAhead     = 10 * time.Minute
	defaultPushLength = 15 * time.Second
)

// AppendPushed stores a pprof, gzip or plain, that an SDK pushed: one window a sample type. labels need __name__; a
// missing service_name becomes "unspecified". A byte-identical repetition is stored once.
func (s *Store) AppendPushed(ctx context.Context, labels []target.Label, raw []byte) error {
	name, labels, err := checkPushedLabels(labels)
	if err != nil {
		return err
	}
	parsed, err := parsePushed(raw)
	if err != nil {
		return err
	}
	now := s.options.Now()
	at := now
	if parsed.TimeNanos != 0 {
		at = time.Unix(0, parsed.TimeNanos)
	}
	if at.Before(now.Add(-acceptedAge)) || at.After(now.Add(acceptedAhead)) {
		return refuse("profile of %s is outside of the time that is accepted: from %s to %s; look at the sender's clock",
			at.UTC().Format(time.RFC3339), now.Add(-acceptedAge).UTC().Format(time.RFC3339),
			now.Add(acceptedAhead).UTC().Format(time.RFC3339))
	}
	key, err := encodeLabels(labels)
	if err != nil {
		return err
	}
	hasher := keyHasher{}
	hasher.text(name)
	hasher.text(key)
	hasher.text(string(raw))
	incoming := pushedWindows(name, labels, parsed, at)
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if !s.received.add(hasher.sum()) {
			return nil
		}
		r := newRows(ctx, tx, s.dictionary)
		for _, in := range incoming {
			if err := s.appendIncoming(r, in); err != nil {
				s.received.forget(hasher.sum())
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store pushed profile: %w", err)
	}
	return nil
}

func checkPushedLabels(labels []target.Label) (name string, kept []target.Label, err error) {
	if len(labels) > maxLabelNames {
		return "", nil, refuse("%d labels; at most %d are accepted", len(labels), maxLabelNames)
	}
	hasService := false
	for _, label := range labels {
		switch {
		case label.Name == "" || len(label.Name) > maxLabelName:
			return "", nil, refuse("label name %.80q: 1 to %d bytes are accepted", label.Name, maxLabelName)
		case len(label.Value) > maxLabelValue:
			return "", nil, refuse("label %.80q has a value of %d bytes; at most %d are accepted",
				label.Name, len(label.Value), maxLabelValue)
		case label.Name == "__name__":
			name = label.Value
			continue
		case strings.HasPrefix(label.Name, "__") || label.Value == "":
			continue // Pyroscope's own labels follow from the profile.
		case label.Name == "service_name":
			hasService = true
		}
		kept = append(kept, label)
	}
	if name == "" || strings.Contains(name, ":") {
		return "", nil, refuse("label __name__ is missing or no metric name; it says what was measured, for example process_cpu")
	}
	if !hasService {
		kept = append(kept, target.Label{Name: "service_name", Value: "unspecified"})
	}
	sortLabels(kept)
	for i := 1; i < len(kept); i++ {
		if kept[i].Name == kept[i-1].Name {
			return "", nil, refuse("label %q is there twice", kept[i].Name)
		}
	}
	return name, kept, nil
}

func parsePushed(raw []byte) (*profile.Profile, error) {
	plain := raw
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		reader, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, refuse("profile cannot be unpacked: %w", err)
		}
		plain, err = io.ReadAll(io.LimitReader(reader, maxProfileBytes+1))
		if err != nil {
			return nil, refuse("profile cannot be unpacked: %w", err)
		}
	}
	if len(plain) > maxProfileBytes {
		return nil, refuse("profile has more than %d MiB; push shorter intervals", maxProfileBytes>>20)
	}
	parsed, err := profile.ParseUncompressed(plain)
	if err == nil {
		err = parsed.CheckValid()
	}
	if err != nil {
		return nil, refuse("not a pprof: %w", err)
	}
	if len(parsed.Sample) > maxPushedSamples {
		return nil, refuse("profile has %d samples; at most %d are accepted: push shorter intervals",
			len(parsed.Sample), maxPushedSamples)
	}
	if len(parsed.SampleType) == 0 || len(parsed.SampleType) > maxSampleTypes {
		return nil, refuse("profile has %d sample types; 1 to %d are accepted", len(parsed.SampleType), maxSampleTypes)
	}
	for _, t := range append(slices.Clone(parsed.SampleType), parsed.PeriodType) {
		if t != nil && strings.Contains(t.Type+t.Unit, ":") {
			return nil, refuse("type %q of unit %q: a colon cannot stand in a profile type", t.Type, t.Unit)
		}
	}
	for _, sample := range parsed.Sample {
		if len(sample.Location) > maxPushedDepth {
			return nil, refuse("a stack has %d frames; at most %d are accepted", len(sample.Location), maxPushedDepth)
		}
	}
	return parsed, nil
}

// pushedWindows makes a window of each sample type.
func pushedWindows(name string, labels []target.Label, p *profile.Profile, at time.Time) []*incoming {
	length := time.Duration(p.DurationNanos)
	if length <= 0 || length > time.Hour {
		length = defaultPushLength
	}
	stacks := pushedStacks(p)
	sets, setOf := pushedSampleLabels(p)
	windows := make([]*incoming, len(p.SampleType))
	for t, sampleType := range p.SampleType {
		in := &incoming{
			labels:      labels,
			profileType: window.ProfileType{Name: name, SampleType: sampleType.Type, SampleUnit: sampleType.Unit},
			startMs:     at.UnixMilli(), endMs: at.Add(length).UnixMilli(), period: p.Period, scale: 1,
			sampleLabels:   sets,
			stackHash:      func(i uint32) [16]byte { return stacks[i].hash },
			stackLocations: func(i uint32) []location { return stacks[i].locations },
		}
		if p.PeriodType != nil {
			in.profileType.PeriodType, in.profileType.PeriodUnit = p.PeriodType.Type, p.PeriodType.Unit
		}
		for i, sample := range p.Sample {
			if sample.Value[t] != 0 {
				in.counts = append(in.counts, count{stack: uint32(i), labels: setOf[i], count: sample.Value[t]}) //nolint:gosec // bounded above
			}
		}
		windows[t] = in
	}
	return windows
}

type pushedStack struct {
	hash      [16]byte
	locations []location
}

func pushedStacks(p *profile.Profile) []pushedStack {
	mappings := map[*profile.Mapping]*engine.Mapping{}
	for _, m := range p.Mapping {
		id := m.BuildID
		if id == "" {
			hash := xxh3.HashString128(m.File).Bytes()
			id = fmt.Sprintf("%x", hash)
		}
		if m.File != "" || m.BuildID != "" {
			mappings[m] = &engine.Mapping{FileID: id, BuildID: m.BuildID, Path: m.File}
		}
	}
	known := make(map[*profile.Location]location, len(p.Location))
	for _, l := range p.Location {
		made := location{mapping: mappings[l.Mapping], address: l.Address}
		for _, at := range l.Line {
			if at.Function != nil {
				made.lines = append(made.lines, symbol.Line{
					Function: at.Function.Name, SystemName: at.Function.SystemName, File: at.Function.Filename,
					Line: clamp32(at.Line), StartLine: clamp32(at.Function.StartLine),
				})
			}
		}
		if len(made.lines) == 0 {
			// Files of containers that push are not ours to read: their addresses stay addresses.
			made.state = stateUnnamed
		}
		known[l] = made
	}
	stacks := make([]pushedStack, len(p.Sample))
	for i, sample := range p.Sample {
		hasher := keyHasher{}
		stacks[i].locations = make([]location, len(sample.Location))
		for j, l := range sample.Location {
			made := known[l]
			stacks[i].locations[j] = made
			key := made.key()
			hasher.bytes = append(hasher.bytes, key[:]...)
		}
		stacks[i].hash = hasher.sum()
	}
	return stacks
}

func clamp32(value int64) uint32 {
	return uint32(min(max(value, 0), 1<<32-1)) //nolint:gosec // clamped
}

// pushedSampleLabels are the text labels of samples; numbers, such as byte sizes, would make a set for each value.
func pushedSampleLabels(p *profile.Profile) (sets [][]target.Label, setOf []uint32) {
	index := map[string]uint32{}
	setOf = make([]uint32, len(p.Sample))
	for i, sample := range p.Sample {
		set := make([]target.Label, 0, len(sample.Label))
		for _, name := range slices.Sorted(maps.Keys(sample.Label)) {
			if values := sample.Label[name]; len(values) > 0 && len(set) < maxLabelNames {
				set = append(set, target.Label{Name: name, Value: values[0][:min(len(values[0]), maxLabelValue)]})
			}
		}
		key := fmt.Sprintf("%q", set)
		at, known := index[key]
		if !known {
			at = uint32(len(sets)) //nolint:gosec // bounded by the samples
			index[key] = at
			sets = append(sets, set)
		}
		setOf[i] = at
	}
	return sets, setOf
}
