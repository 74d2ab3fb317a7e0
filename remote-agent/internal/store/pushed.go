package store

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/pprof/profile"
	"github.com/zeebo/xxh3"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

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
			sampleLabels: sets,
			stackHash:    func(i uint32) [16]byte { return stacks[i].hash },
			stackLocations: func(r *rows, i uint32, hour int64) ([]int64, error) {
				return r.locationIDs(stacks[i].locations(), hour)
			},
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

// pushedStack is one sample's. Its locations are made when they are to be stored: most are known.
type pushedStack struct {
	hash   [16]byte
	sample *profile.Sample
	known  map[*profile.Location]*pushedLocation
}

type pushedLocation struct {
	location
	hash [16]byte
}

func (s *pushedStack) locations() []location {
	made := make([]location, len(s.sample.Location))
	for i, l := range s.sample.Location {
		made[i] = s.known[l].location
	}
	return made
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
	known := make(map[*profile.Location]*pushedLocation, len(p.Location))
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
		known[l] = &pushedLocation{made, made.key()}
	}
	stacks := make([]pushedStack, len(p.Sample))
	for i, sample := range p.Sample {
		hasher := keyHasher{}
		for _, l := range sample.Location {
			hasher.bytes = append(hasher.bytes, known[l].hash[:]...)
		}
		stacks[i] = pushedStack{hash: hasher.sum(), sample: sample, known: known}
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
