package store

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"pyrometer.dev/remote-agent/internal/engine"
	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	"pyrometer.dev/remote-agent/internal/window"
)

// merge sums stacks, whose identity is their list of location ids: locations are one dictionary for all series.
type merge struct {
	codec          *bodyCodec
	comments       []string
	profileType    window.ProfileType
	values         map[string]int64 // by encoded location ids
	covers         bool             // a window was seen
	startMs, endMs int64            // covered by windows
	period         int64            // -1 when windows differ; a window of another's push may have none
	stacks         stackCache       // nil: each dictionary is read once and not kept
}

func (s *Store) newMerge(profileType window.ProfileType) *merge {
	return &merge{codec: s.codec, profileType: profileType, values: map[string]int64{}}
}

func (m *merge) add(locations []byte, value int64) { m.values[string(locations)] += value }

func (m *merge) cover(h *head) {
	if !m.covers {
		m.covers, m.startMs, m.endMs, m.period = true, h.startMs, h.endMs, h.period
	}
	m.startMs, m.endMs = min(m.startMs, h.startMs), max(m.endMs, h.endMs)
	if m.period != h.period {
		m.period = -1
	}
}

// profile makes the pprof. Samples, locations and strings are in an order that depends on the content alone.
func (m *merge) profile(ctx context.Context, from *catalog) (*googlev1.Profile, error) {
	return m.profileOf(ctx, from, slices.Sorted(maps.Keys(m.values)))
}

// profileOf makes the pprof with its samples in the order of stacks.
func (m *merge) profileOf(ctx context.Context, from *catalog, stacks []string) (*googlev1.Profile, error) {
	b := newProfileBuilder(from)
	p := b.profile
	p.SampleType = []*googlev1.ValueType{{Type: b.text(m.profileType.SampleType), Unit: b.text(m.profileType.SampleUnit)}}
	p.PeriodType = &googlev1.ValueType{Type: b.text(m.profileType.PeriodType), Unit: b.text(m.profileType.PeriodUnit)}
	p.Period = max(m.period, 0)
	p.TimeNanos = m.startMs * 1e6
	p.DurationNanos = (m.endMs - m.startMs) * 1e6
	used := map[int64]struct{}{}
	sequences := make([][]int64, 0, len(stacks))
	for _, stack := range stacks {
		ids, err := decodeIDs([]byte(stack))
		if err != nil {
			return nil, err
		}
		sequences = append(sequences, ids)
		for _, id := range ids {
			used[id] = struct{}{}
		}
	}
	ids := slices.Sorted(maps.Keys(used))
	if err := from.load(ctx, ids); err != nil {
		return nil, err
	}
	numbers, err := b.locations(ids)
	if err != nil {
		return nil, err
	}
	p.Sample = make([]*googlev1.Sample, 0, len(stacks))
	for i, stack := range stacks {
		if m.values[stack] == 0 {
			continue
		}
		locations := make([]uint64, len(sequences[i]))
		for j, id := range sequences[i] {
			locations[j] = numbers[id]
		}
		p.Sample = append(p.Sample, &googlev1.Sample{LocationId: locations, Value: []int64{m.values[stack]}})
	}
	for _, comment := range m.comments {
		p.Comment = append(p.Comment, b.text(comment))
	}
	return p, nil
}

func decodeIDs(encoded []byte) ([]int64, error) {
	reader := varints{bytes: encoded}
	ids := make([]int64, 0, len(encoded))
	for len(reader.bytes) > 0 {
		ids = append(ids, int64(reader.next())) //nolint:gosec // row ids are positive
	}
	if reader.failed {
		return nil, fmt.Errorf("stack of %d bytes is damaged", len(encoded))
	}
	return ids, nil
}

// profileBuilder numbers what a profile holds.
type profileBuilder struct {
	profile   *googlev1.Profile
	strings   map[string]int64
	functions map[int64]uint64  // by id of the row
	unnamed   map[string]uint64 // by name
	mappings  map[int64]*googlev1.Mapping
	pseudo    map[string]*googlev1.Mapping
	catalog   *catalog
}

func newProfileBuilder(from *catalog) *profileBuilder {
	return &profileBuilder{
		profile:   &googlev1.Profile{StringTable: []string{""}},
		strings:   map[string]int64{"": 0},
		functions: map[int64]uint64{},
		unnamed:   map[string]uint64{},
		mappings:  map[int64]*googlev1.Mapping{},
		pseudo:    map[string]*googlev1.Mapping{},
		catalog:   from,
	}
}

// text numbers a string. Protocol buffers refuse what is not UTF-8, and names of functions and files may be anything.
func (b *profileBuilder) text(text string) int64 {
	if index, known := b.strings[text]; known {
		return index
	}
	valid := strings.ToValidUTF8(text, "\uFFFD")
	index, known := b.strings[valid]
	if !known {
		index = int64(len(b.profile.StringTable))
		b.profile.StringTable = append(b.profile.StringTable, valid)
		b.strings[valid] = index
	}
	b.strings[text] = index
	return index
}

// locations makes the locations of row ids, and returns their numbers in the profile. Those in files come first, since
// tools take the first mapping for the main program.
func (b *profileBuilder) locations(ids []int64) (map[int64]uint64, error) {
	numbers := make(map[int64]uint64, len(ids))
	b.profile.Location = make([]*googlev1.Location, 0, len(ids))
	for _, inFile := range []bool{true, false} {
		for _, id := range ids {
			row := b.catalog.locations[id]
			if row == nil {
				return nil, fmt.Errorf("location %d is not in the store", id)
			}
			if inFile == (row.mapping != 0) {
				made := b.location(row)
				made.Id = uint64(len(b.profile.Location) + 1)
				b.profile.Location = append(b.profile.Location, made)
				numbers[id] = made.GetId()
			}
		}
	}
	return numbers, nil
}

func (b *profileBuilder) location(row *locationRow) *googlev1.Location {
	made := &googlev1.Location{Address: row.address}
	mapping := b.mapping(row)
	if mapping != nil {
		made.MappingId = mapping.GetId()
		mapping.MemoryLimit = max(mapping.GetMemoryLimit(), row.address+1)
	}
	if len(row.lines) == 0 {
		made.Line = []*googlev1.Line{{FunctionId: b.unnamedFunction(row)}}
		return made
	}
	made.Line = make([]*googlev1.Line, len(row.lines))
	for i, l := range row.lines {
		made.Line[i] = &googlev1.Line{FunctionId: b.function(row.kind, l.function), Line: l.line}
		if mapping != nil {
			f := b.catalog.functions[l.function]
			mapping.HasFunctions = true
			mapping.HasFilenames = mapping.GetHasFilenames() || f.file != ""
			mapping.HasLineNumbers = mapping.GetHasLineNumbers() || l.line != 0
			mapping.HasInlineFrames = mapping.GetHasInlineFrames() || len(row.lines) > 1
		}
	}
	return made
}

// mapping of a location: its file, or for frames of the kernel and of interpreters, which have none, "[kernel]",
// "[python]" and so on, so that the kind of a frame survives in a pprof. nil for what was pushed without one.
func (b *profileBuilder) mapping(row *locationRow) *googlev1.Mapping {
	if row.mapping == 0 {
		if row.kind == "" || row.kind == engine.KindNative {
			return nil
		}
		name := "[" + string(row.kind) + "]"
		made := b.pseudo[name]
		if made == nil {
			made = b.newMapping(name, "")
			b.pseudo[name] = made
		}
		return made
	}
	made := b.mappings[row.mapping]
	if made == nil {
		file := b.catalog.mappings[row.mapping]
		name := file.Path
		if name == "" {
			name = anonymous
		}
		// The name of a file without a build-id would otherwise join two contents that had the same path.
		buildID := file.BuildID
		if buildID == "" {
			buildID = file.FileID
		}
		made = b.newMapping(name, buildID)
		b.mappings[row.mapping] = made
	}
	return made
}

// anonymous is the name of memory that no file lies behind.
const anonymous = "[anon]"

func (b *profileBuilder) newMapping(file, buildID string) *googlev1.Mapping {
	made := &googlev1.Mapping{
		Id: uint64(len(b.profile.GetMapping()) + 1), Filename: b.text(file), BuildId: b.text(buildID),
	}
	b.profile.Mapping = append(b.profile.Mapping, made)
	return made
}

func (b *profileBuilder) function(kind engine.FrameKind, id int64) uint64 {
	if number, known := b.functions[id]; known {
		return number
	}
	row := b.catalog.functions[id]
	name := row.name
	if kind == engine.KindError {
		name = "[not walked further: " + name + "]"
	}
	made := &googlev1.Function{
		Id: uint64(len(b.profile.GetFunction()) + 1), Name: b.text(name), SystemName: b.text(row.systemName),
		Filename: b.text(row.file), StartLine: row.startLine,
	}
	b.profile.Function = append(b.profile.Function, made)
	b.functions[id] = made.GetId()
	return made.GetId()
}

// unnamedFunction stands for an address that nothing names (yet): "libfoo.so+0x1234".
func (b *profileBuilder) unnamedFunction(row *locationRow) uint64 {
	if row.unnamed == "" {
		file := anonymous
		if mapping := b.catalog.mappings[row.mapping]; mapping != nil && mapping.Path != "" {
			file = path.Base(mapping.Path)
		}
		row.unnamed = file + "+0x" + strconv.FormatUint(row.address, 16)
	}
	if number, known := b.unnamed[row.unnamed]; known {
		return number
	}
	text := b.text(row.unnamed)
	made := &googlev1.Function{Id: uint64(len(b.profile.GetFunction()) + 1), Name: text, SystemName: text}
	b.profile.Function = append(b.profile.Function, made)
	b.unnamed[row.unnamed] = made.GetId()
	return made.GetId()
}
