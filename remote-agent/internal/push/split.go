package push

import (
	"google.golang.org/protobuf/proto"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
)

const (
	// maxSamples is Pyroscope's limit of one profile.
	maxSamples = 16_000
	// maxBytes is far below the limit of one profile, 4 MiB: what is larger than a tenant's burst, 2 MiB by default, is answered
	// with 429 for ever, also where nothing else is sent.
	maxBytes = 1_000_000
)

// split cuts a profile into parts that a server accepts.
func split(whole *googlev1.Profile, samples, bytes int) []*googlev1.Profile {
	if len(whole.GetSample()) <= samples && proto.Size(whole) <= bytes {
		return []*googlev1.Profile{whole}
	}
	var parts []*googlev1.Profile
	rest := [][]*googlev1.Sample{whole.GetSample()}
	for len(rest) > 0 {
		chunk := rest[0]
		rest = rest[1:]
		if len(chunk) > samples {
			rest = append([][]*googlev1.Sample{chunk[:samples], chunk[samples:]}, rest...)
			continue
		}
		part := subset(whole, chunk)
		// A single sample that is too large goes as it is: the server says so, and it is counted as refused.
		if proto.Size(part) > bytes && len(chunk) > 1 {
			rest = append([][]*googlev1.Sample{chunk[:len(chunk)/2], chunk[len(chunk)/2:]}, rest...)
			continue
		}
		parts = append(parts, part)
	}
	return parts
}

// cut makes the parts of so many samples that split made before: the order of samples depends on what was counted alone.
func cut(whole *googlev1.Profile, sizes []int) []*googlev1.Profile {
	if len(sizes) == 1 {
		return []*googlev1.Profile{whole}
	}
	parts := make([]*googlev1.Profile, 0, len(sizes))
	rest := whole.GetSample()
	for i, size := range sizes {
		if size > len(rest) || i == len(sizes)-1 {
			size = len(rest)
		}
		parts = append(parts, subset(whole, rest[:size]))
		rest = rest[size:]
	}
	return parts
}

// subset is a profile of some samples with just the locations, functions, mappings and strings that they use.
func subset(whole *googlev1.Profile, samples []*googlev1.Sample) *googlev1.Profile {
	c := compaction{
		whole: whole, strings: map[int64]int64{0: 0}, functions: map[uint64]uint64{}, mappings: map[uint64]uint64{},
		part: &googlev1.Profile{
			StringTable: []string{""}, TimeNanos: whole.GetTimeNanos(), DurationNanos: whole.GetDurationNanos(),
			Period: whole.GetPeriod(), Sample: make([]*googlev1.Sample, len(samples)),
		},
	}
	for _, t := range whole.GetSampleType() {
		c.part.SampleType = append(c.part.SampleType, c.valueType(t))
	}
	c.part.PeriodType = c.valueType(whole.GetPeriodType())
	byID := make(map[uint64]*googlev1.Location, len(whole.GetLocation()))
	for _, location := range whole.GetLocation() {
		byID[location.GetId()] = location
	}
	locations := map[uint64]uint64{}
	for i, sample := range samples {
		ids := make([]uint64, len(sample.GetLocationId()))
		for j, id := range sample.GetLocationId() {
			if locations[id] == 0 {
				locations[id] = c.location(byID[id])
			}
			ids[j] = locations[id]
		}
		c.part.Sample[i] = &googlev1.Sample{LocationId: ids, Value: sample.GetValue()}
	}
	return c.part
}

// compaction numbers anew what a part uses. Ids in the whole are positions from 1, as the store makes them.
type compaction struct {
	whole, part *googlev1.Profile
	strings     map[int64]int64
	functions   map[uint64]uint64
	mappings    map[uint64]uint64
}

func (c *compaction) text(index int64) int64 {
	moved, known := c.strings[index]
	if !known {
		moved = int64(len(c.part.GetStringTable()))
		c.part.StringTable = append(c.part.StringTable, c.whole.GetStringTable()[index])
		c.strings[index] = moved
	}
	return moved
}

func (c *compaction) valueType(t *googlev1.ValueType) *googlev1.ValueType {
	return &googlev1.ValueType{Type: c.text(t.GetType()), Unit: c.text(t.GetUnit())}
}

func (c *compaction) location(from *googlev1.Location) uint64 {
	made := &googlev1.Location{Id: uint64(len(c.part.GetLocation()) + 1), Address: from.GetAddress()}
	if id := from.GetMappingId(); id != 0 {
		if c.mappings[id] == 0 {
			c.mappings[id] = c.mapping(c.whole.GetMapping()[id-1])
		}
		made.MappingId = c.mappings[id]
	}
	for _, line := range from.GetLine() {
		id := line.GetFunctionId()
		if c.functions[id] == 0 {
			c.functions[id] = c.function(c.whole.GetFunction()[id-1])
		}
		made.Line = append(made.Line, &googlev1.Line{FunctionId: c.functions[id], Line: line.GetLine()})
	}
	c.part.Location = append(c.part.Location, made)
	return made.GetId()
}

func (c *compaction) mapping(from *googlev1.Mapping) uint64 {
	made := &googlev1.Mapping{
		Id:          uint64(len(c.part.GetMapping()) + 1),
		MemoryStart: from.GetMemoryStart(), MemoryLimit: from.GetMemoryLimit(), FileOffset: from.GetFileOffset(),
		Filename: c.text(from.GetFilename()), BuildId: c.text(from.GetBuildId()),
		HasFunctions: from.GetHasFunctions(), HasFilenames: from.GetHasFilenames(),
		HasLineNumbers: from.GetHasLineNumbers(), HasInlineFrames: from.GetHasInlineFrames(),
	}
	c.part.Mapping = append(c.part.Mapping, made)
	return made.GetId()
}

func (c *compaction) function(from *googlev1.Function) uint64 {
	made := &googlev1.Function{
		Id: uint64(len(c.part.GetFunction()) + 1), Name: c.text(from.GetName()), SystemName: c.text(from.GetSystemName()),
		Filename: c.text(from.GetFilename()), StartLine: from.GetStartLine(),
	}
	c.part.Function = append(c.part.Function, made)
	return made.GetId()
}
