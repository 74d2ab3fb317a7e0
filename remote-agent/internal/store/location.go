package store

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/symbol"
)

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
