package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/zeebo/xxh3"

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
	mappings  map[engine.Mapping]int64
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
		series:    map[string]int64{},
		hours:     map[seriesHour]*hourIDs{},
		stacks:    newGenerations[stackKey, uint32](cachedStacks),
		functions: newGenerations[rowKey, int64](cachedFunctions),
		locations: newGenerations[rowKey, locationEntry](cachedLocations),
		mappings:  map[engine.Mapping]int64{},
		pointers:  map[int64]*engine.Mapping{},
	}
}

// location is a frame as the store keeps it.
type location struct {
	kind    engine.FrameKind
	mapping *engine.Mapping
	address uint64
	// lines, innermost first; none for a native frame that nothing has named yet.
	lines []symbol.Line
	state int
}

// locationOfFrame turns a sampled frame into a location, without names for native ones.
func locationOfFrame(frame *engine.Frame) location {
	l := location{kind: frame.Kind, mapping: frame.Mapping, address: frame.Address}
	if frame.Function == "" && frame.Mapping != nil {
		l.state = statePending
		return l
	}
	l.lines = []symbol.Line{{
		Function: frame.Function, SystemName: frame.Function, File: frame.File, Line: frame.Line, StartLine: frame.FunctionLine,
	}}
	return l
}

// key identifies a location. What is named later by its address must keep its key then, so names are no part of it.
func (l *location) key() rowKey {
	h := keyHasher{}
	h.text(string(l.kind))
	h.number(l.address)
	if l.mapping != nil {
		h.text(l.mapping.FileID)
		h.text(l.mapping.BuildID)
		h.text(l.mapping.Path)
		if l.state != stateNamed {
			return h.sum()
		}
	}
	h.text("lines")
	for _, line := range l.lines {
		h.line(line)
		h.number(uint64(line.Line))
	}
	return h.sum()
}

// keyHasher hashes texts and numbers so that no two lists of them look alike.
type keyHasher struct{ bytes []byte }

func (h *keyHasher) text(text string) {
	h.bytes = binary.AppendUvarint(h.bytes, uint64(len(text)))
	h.bytes = append(h.bytes, text...)
}

func (h *keyHasher) number(number uint64) {
	h.bytes = binary.LittleEndian.AppendUint64(h.bytes, number)
}

func (h *keyHasher) line(line symbol.Line) {
	h.text(line.Function)
	h.text(line.SystemName)
	h.text(line.File)
	h.number(uint64(line.StartLine))
}

func (h *keyHasher) sum() rowKey { return xxh3.Hash128(h.bytes).Bytes() }

// rows is the dictionary within one transaction.
type rows struct {
	*dictionary
	ctx  context.Context //nolint:containedctx // lives as long as the transaction that it belongs to
	tx   *sql.Tx
	prep map[string]*sql.Stmt
}

func newRows(ctx context.Context, tx *sql.Tx, d *dictionary) *rows {
	return &rows{dictionary: d, ctx: ctx, tx: tx, prep: map[string]*sql.Stmt{}}
}

// statement prepares a query once a transaction; statements end with it.
func (r *rows) statement(query string) (*sql.Stmt, error) {
	if s := r.prep[query]; s != nil {
		return s, nil
	}
	s, err := r.tx.PrepareContext(r.ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	r.prep[query] = s
	return s, nil
}

func (r *rows) exec(query string, arguments ...any) (int64, error) {
	s, err := r.statement(query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(r.ctx, arguments...)
	if err != nil {
		return 0, fmt.Errorf("write row: %w", err)
	}
	return result.LastInsertId()
}

// find reads one row; false when there is none.
func (r *rows) find(query string, arguments []any, into ...any) (bool, error) {
	s, err := r.statement(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(r.ctx, arguments...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find row: %w", err)
	}
	return true, nil
}

func (r *rows) seriesID(labels, profileType string) (int64, error) {
	key := profileType + "\n" + labels
	if id, known := r.series[key]; known {
		return id, nil
	}
	var id int64
	found, err := r.find("SELECT id FROM series WHERE labels = ? AND profile_type = ?", []any{labels, profileType}, &id)
	if err == nil && !found {
		id, err = r.exec("INSERT INTO series (labels, profile_type) VALUES (?, ?)", labels, profileType)
	}
	if err != nil {
		return 0, err
	}
	r.series[key] = id
	return id, nil
}

// hour returns the ids of a series and hour, continuing after those that are there.
func (r *rows) hour(at seriesHour) (*hourIDs, error) {
	if ids := r.hours[at]; ids != nil {
		return ids, nil
	}
	ids := &hourIDs{labels: map[string]uint32{}}
	_, err := r.find("SELECT coalesce(max(id) + 1, 0) FROM stack WHERE series_id = ? AND hour = ?",
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

// stackID returns the id of a stack, which is written when it is new to its series and hour. locations is asked only
// then.
func (r *rows) stackID(at seriesHour, ids *hourIDs, hash [16]byte, locations func() ([]int64, error)) (uint32, error) {
	key := stackKey{at, hash}
	if id, known := r.stacks.get(key); known {
		return id, nil
	}
	var id uint32
	found, err := r.find("SELECT id FROM stack WHERE series_id = ? AND hour = ? AND hash = ?",
		[]any{at.series, at.hour, hash[:]}, &id)
	if err != nil {
		return 0, err
	}
	if !found {
		if ids.nextStack == math.MaxUint32 {
			return 0, errors.New("too many stacks in one hour")
		}
		members, err := locations()
		if err != nil {
			return 0, err
		}
		id = ids.nextStack
		ids.nextStack++
		_, err = r.exec("INSERT INTO stack (series_id, hour, hash, id, locations) VALUES (?, ?, ?, ?, ?)",
			at.series, at.hour, hash[:], id, encodeIDs(nil, members))
		if err != nil {
			return 0, err
		}
	}
	r.stacks.put(key, id)
	return id, nil
}

func (r *rows) locationID(l *location, hour int64) (int64, error) {
	key := l.key()
	entry, known := r.locations.get(key)
	if !known {
		var state int
		found, err := r.find("SELECT id, last_hour, state FROM location WHERE key = ?", []any{key[:]},
			&entry.id, &entry.lastHour, &state)
		if err != nil {
			return 0, err
		}
		if !found {
			if entry, err = r.insertLocation(key, l, hour); err != nil {
				return 0, err
			}
		} else if l.mapping != nil {
			if _, err := r.mappingID(l.mapping); err != nil {
				return 0, err
			}
		}
	}
	if entry.lastHour < hour {
		if _, err := r.exec("UPDATE location SET last_hour = ? WHERE id = ?", hour, entry.id); err != nil {
			return 0, err
		}
		entry.lastHour = hour
		known = false
	}
	if !known {
		r.locations.put(key, entry)
	}
	return entry.id, nil
}

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
	id, err := r.exec("INSERT INTO location (key, kind, mapping_id, address, lines, state, last_hour) "+
		"VALUES (?, ?, ?, ?, ?, ?, ?)",
		key[:], string(l.kind), mapping, int64(l.address), lines, state, hour) //nolint:gosec // two's complement
	return locationEntry{id: id, lastHour: hour}, err
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
			found, err := r.find("SELECT id FROM function WHERE key = ?", []any{key[:]}, &id)
			if err == nil && !found {
				id, err = r.exec("INSERT INTO function (key, name, system_name, file, start_line) VALUES (?, ?, ?, ?, ?)",
					key[:], l.Function, l.SystemName, l.File, l.StartLine)
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
