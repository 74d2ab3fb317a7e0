package store

import (
	"errors"
	"fmt"
	"math"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/symbol"
)

// States of a location.
const (
	stateNamed   = 0
	statePending = 1
	stateUnnamed = 2
)

// Sizes of the writer's caches, in entries of 50 to 100 bytes. What falls out is looked up in the database again.
const (
	cachedLocations = 100_000
	cachedFunctions = 30_000
	cachedFrames    = 30_000
	cachedStacks    = 100_000 // of all series together
)

// dictionary is what the writer remembers of the rows that are there, so that a window of known stacks costs no look
// at the database but for its own row. Only for use inside Store.write.
type dictionary struct {
	series    map[string]int64
	hours     map[seriesHour]*hourIDs
	stacks    *generations[stackKey, uint32]
	functions *generations[rowKey, int64]
	locations *generations[rowKey, locationEntry]
	// frames are locations by the engine's own value, of which there is mostly one: a known one costs no key.
	frames   *generations[*engine.Frame, locationEntry]
	mappings map[engine.Mapping]int64
	// fateServices are ids by encoded labels.
	fateServices map[string]int64
	// pointers are the engine's own values, for resolvers that know a mapping by its address.
	pointers map[int64]*engine.Mapping
}

type rowKey = [16]byte

type seriesHour struct{ series, hour int64 }

type stackKey struct {
	seriesHour
	hash [16]byte
}

type locationEntry struct {
	id       int64
	lastHour int64
}

// hourIDs gives out the ids of one series and hour.
type hourIDs struct {
	nextStack  uint32
	nextLabels uint32
	labels     map[string]uint32
}

func newDictionary() *dictionary {
	return &dictionary{
		series:       map[string]int64{},
		hours:        map[seriesHour]*hourIDs{},
		stacks:       newGenerations[stackKey, uint32](cachedStacks),
		functions:    newGenerations[rowKey, int64](cachedFunctions),
		locations:    newGenerations[rowKey, locationEntry](cachedLocations),
		frames:       newGenerations[*engine.Frame, locationEntry](cachedFrames),
		mappings:     map[engine.Mapping]int64{},
		fateServices: map[string]int64{},
		pointers:     map[int64]*engine.Mapping{},
	}
}

func (r *rows) seriesID(labels, profileType string) (int64, error) {
	key := profileType + "\n" + labels
	if id, known := r.series[key]; known {
		return id, nil
	}
	var id int64
	found, err := r.find("SELECT id FROM series WHERE labels = ? AND profile_type = ?", []any{labels, profileType}, &id)
	if err == nil && !found {
		if err := r.roomForSeries(); err != nil {
			return 0, err
		}
		id, err = r.exec("INSERT INTO series (labels, profile_type) VALUES (?, ?)", labels, profileType)
	}
	if err != nil {
		return 0, err
	}
	r.series[key] = id
	return id, nil
}

// maxSeries bounds what a container can do that pushes ever new labels; it is Pyroscope's default for a tenant.
const maxSeries = 5_000

// ErrTooMuch answers what is over a limit that time or retention lifts.
var ErrTooMuch = errors.New("over the limit")

func (r *rows) roomForSeries() error {
	var all int
	if _, err := r.find("SELECT count(*) FROM series", nil, &all); err != nil {
		return err
	}
	if all >= maxSeries {
		return fmt.Errorf("%w: the store has %d series already; push fewer distinct label values", ErrTooMuch, all)
	}
	return nil
}

// hour returns the ids of a series and hour, continuing after those that are there.
func (r *rows) hour(at seriesHour) (*hourIDs, error) {
	if ids := r.hours[at]; ids != nil {
		return ids, nil
	}
	ids := &hourIDs{labels: map[string]uint32{}}
	_, err := r.find("SELECT max(coalesce((SELECT max(id) + 1 FROM stack WHERE series_id = ?1 AND hour = ?2), 0), "+
		"coalesce((SELECT max(first + count) FROM stack_block WHERE series_id = ?1 AND hour = ?2), 0))",
		[]any{at.series, at.hour}, &ids.nextStack)
	if err != nil {
		return nil, err
	}
	_, err = r.find("SELECT coalesce(max(id) + 1, 0) FROM sample_labels WHERE series_id = ? AND hour = ?",
		[]any{at.series, at.hour}, &ids.nextLabels)
	if err != nil {
		return nil, err
	}
	for old := range r.hours {
		if old.series == at.series && old.hour < at.hour-1 {
			delete(r.hours, old)
		}
	}
	r.hours[at] = ids
	return ids, nil
}

func (r *rows) sampleLabelsID(at seriesHour, ids *hourIDs, labels string) (uint32, error) {
	if id, known := ids.labels[labels]; known {
		return id, nil
	}
	var id uint32
	found, err := r.find("SELECT id FROM sample_labels WHERE series_id = ? AND hour = ? AND labels = ?",
		[]any{at.series, at.hour, labels}, &id)
	if err == nil && !found {
		id = ids.nextLabels
		ids.nextLabels++
		_, err = r.exec("INSERT INTO sample_labels (series_id, hour, labels, id) VALUES (?, ?, ?, ?)",
			at.series, at.hour, labels, id)
	}
	if err != nil {
		return 0, err
	}
	ids.labels[labels] = id
	return id, nil
}

// stackID returns the id of a stack, which is added to the block when it is new to its series and hour. locations is asked
// when the writer does not remember it.
func (r *rows) stackID(block *stackBlock, ids *hourIDs, hash [16]byte, locations func() ([]int64, error)) (uint32, error) {
	key := stackKey{block.at, hash}
	if id, known := r.stacks.get(key); known {
		return id, nil
	}
	if ids.nextStack == math.MaxUint32 {
		return 0, errors.New("too many stacks in one hour")
	}
	members, err := locations()
	if err != nil {
		return 0, err
	}
	id, err := r.appendStack(block, ids, members)
	if err != nil {
		return 0, err
	}
	r.stacks.put(key, id)
	return id, nil
}

// frameLocation is locationOf for a frame of the engine's.
func (r *rows) frameLocation(frame *engine.Frame, names Names, hour int64) (int64, error) {
	if entry, known := r.frames.get(frame); known && entry.lastHour == hour {
		return entry.id, nil
	}
	l := locationOfFrame(frame)
	if l.state == statePending {
		l.lines = names[Address{l.mapping.FileID, l.address}]
	}
	entry, err := r.locationOf(&l, hour)
	if err != nil {
		return 0, err
	}
	r.frames.put(frame, entry)
	return entry.id, nil
}

// locationOf finds or writes a location, and notes that it was seen in an hour.
func (r *rows) locationOf(l *location, hour int64) (locationEntry, error) {
	key := l.key()
	entry, known := r.locations.get(key)
	if !known {
		var err error
		if entry, err = r.insertLocation(key, l, hour); err != nil {
			return locationEntry{}, err
		}
	}
	if entry.lastHour < hour {
		if _, err := r.exec("UPDATE location SET last_hour = ? WHERE id = ?", hour, entry.id); err != nil {
			return locationEntry{}, err
		}
		entry.lastHour = hour
		known = false
	}
	if !known {
		r.locations.put(key, entry)
	}
	return entry, nil
}

// insertLocation writes a location, or finds the one that is there.
func (r *rows) insertLocation(key rowKey, l *location, hour int64) (locationEntry, error) {
	mapping, err := r.mappingID(l.mapping)
	if err != nil {
		return locationEntry{}, err
	}
	lines, err := r.lines(l.lines)
	if err != nil {
		return locationEntry{}, err
	}
	state := l.state
	if len(lines) > 0 {
		state = stateNamed
	}
	id, inserted, err := r.insert("INSERT INTO location (key, kind, mapping_id, address, lines, state, last_hour) "+
		"VALUES (?, ?, ?, ?, ?, ?, ?)",
		key[:], string(l.kind), mapping, int64(l.address), lines, state, hour) //nolint:gosec // two's complement
	entry := locationEntry{id: id, lastHour: hour}
	if err == nil && !inserted {
		_, err = r.find("SELECT id, last_hour FROM location WHERE key = ?", []any{key[:]}, &entry.id, &entry.lastHour)
	}
	return entry, err
}

func (r *rows) mappingID(mapping *engine.Mapping) (int64, error) {
	if mapping == nil {
		return 0, nil
	}
	id, known := r.mappings[*mapping]
	if !known {
		found, err := r.find("SELECT id FROM mapping WHERE file_id = ? AND build_id = ? AND path = ?",
			[]any{mapping.FileID, mapping.BuildID, mapping.Path}, &id)
		if err == nil && !found {
			id, err = r.exec("INSERT INTO mapping (file_id, build_id, path) VALUES (?, ?, ?)",
				mapping.FileID, mapping.BuildID, mapping.Path)
		}
		if err != nil {
			return 0, err
		}
		r.mappings[*mapping] = id
	}
	r.pointers[id] = mapping
	return id, nil
}

// lines writes the functions of a location's lines and returns them encoded.
func (r *rows) lines(lines []symbol.Line) ([]byte, error) {
	encoded := make([]line, len(lines))
	for i, l := range lines {
		h := keyHasher{}
		h.line(l)
		key := h.sum()
		id, known := r.functions.get(key)
		if !known {
			var inserted bool
			var err error
			id, inserted, err = r.insert("INSERT INTO function (key, name, system_name, file, start_line) VALUES (?, ?, ?, ?, ?)",
				key[:], l.Function, l.SystemName, l.File, l.StartLine)
			if err == nil && !inserted {
				_, err = r.find("SELECT id FROM function WHERE key = ?", []any{key[:]}, &id)
			}
			if err != nil {
				return nil, err
			}
			r.functions.put(key, id)
		}
		encoded[i] = line{function: id, line: int64(l.Line)}
	}
	return encodeLines(encoded), nil
}
