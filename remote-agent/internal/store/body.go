package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// count is one entry of a window: ids of the series' and hour's dictionaries.
type count struct {
	stack  uint32
	labels uint32
	count  int64
}

// A window's body is bodyVersion, then a zstd frame of: the number of entries, then three columns of varints: stack
// ids (ascending, each as the difference to the one before), sample-label ids, counts (zigzag: a pushed profile may
// hold negative values). Columns compress better than rows.
//
// Two entries {3 0 97} and {5 0 1} are, before compression: 2 | 3 2 | 0 0 | 194 2.
const bodyVersion = 1

// maxBodyBytes bounds what a body may grow to when it is read: 200,000 entries of at most 20 bytes.
const maxBodyBytes = 4 << 20

var errBody = errors.New("window body is damaged")

// bodyCodec writes and reads bodies. Reading is safe for concurrent use, writing is not.
type bodyCodec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	scratch []byte
}

func newBodyCodec() (*bodyCodec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("make zstd encoder: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxBodyBytes))
	if err != nil {
		return nil, fmt.Errorf("make zstd decoder: %w", err)
	}
	return &bodyCodec{encoder: encoder, decoder: decoder}, nil
}

func (c *bodyCodec) close() error {
	c.decoder.Close()
	return c.encoder.Close()
}

// encode sorts the counts in place.
func (c *bodyCodec) encode(counts []count) []byte {
	slices.SortFunc(counts, compareCounts)
	raw := binary.AppendUvarint(c.scratch[:0], uint64(len(counts)))
	previous := uint32(0)
	for _, entry := range counts {
		raw = binary.AppendUvarint(raw, uint64(entry.stack-previous))
		previous = entry.stack
	}
	for _, entry := range counts {
		raw = binary.AppendUvarint(raw, uint64(entry.labels))
	}
	for _, entry := range counts {
		raw = binary.AppendVarint(raw, entry.count)
	}
	c.scratch = raw
	return c.encoder.EncodeAll(raw, []byte{bodyVersion})
}

// decodedBody holds the buffers of decode, to be used again for the next window.
type decodedBody struct {
	raw    []byte
	counts []count
}

// decode returns the counts of a body, which hold until the next call with the same buffers.
func (c *bodyCodec) decode(body []byte, buffers *decodedBody) ([]count, error) {
	if len(body) == 0 || body[0] != bodyVersion {
		return nil, fmt.Errorf("unknown version: %w", errBody)
	}
	raw, err := c.decoder.DecodeAll(body[1:], buffers.raw[:0])
	if err != nil {
		return nil, fmt.Errorf("decompress: %w: %w", errBody, err)
	}
	buffers.raw = raw
	reader := varints{bytes: raw}
	n := reader.next()
	if n > uint64(len(raw)) { // each entry takes three bytes or more
		return nil, fmt.Errorf("%d entries in %d bytes: %w", n, len(raw), errBody)
	}
	counts := slices.Grow(buffers.counts[:0], int(n))[:n] //nolint:gosec // checked above
	buffers.counts = counts
	stack := uint64(0)
	for i := range counts {
		stack += reader.next()
		counts[i].stack = uint32(stack) //nolint:gosec // ids are written from uint32
	}
	for i := range counts {
		counts[i].labels = uint32(reader.next()) //nolint:gosec // ids are written from uint32
	}
	for i := range counts {
		value := reader.next()
		counts[i].count = int64(value>>1) ^ -int64(value&1) //nolint:gosec // zigzag
	}
	if reader.failed || len(reader.bytes) != 0 {
		return nil, fmt.Errorf("wrong length: %w", errBody)
	}
	return counts, nil
}

// varints reads unsigned varints; after the first bad one it is failed and gives 0.
type varints struct {
	bytes  []byte
	failed bool
}

func (v *varints) next() uint64 {
	if len(v.bytes) > 0 && v.bytes[0] < 0x80 {
		value := uint64(v.bytes[0])
		v.bytes = v.bytes[1:]
		return value
	}
	value, n := binary.Uvarint(v.bytes)
	if n <= 0 {
		v.failed = true
		v.bytes = nil
		return 0
	}
	v.bytes = v.bytes[n:]
	return value
}

// encodeIDs writes location ids as varints. A stack without frames is empty, not nil: that would be NULL.
func encodeIDs(into []byte, ids []int64) []byte {
	for _, id := range ids {
		into = binary.AppendUvarint(into, uint64(id)) //nolint:gosec // row ids are positive
	}
	return into
}

// line is one source position of a location: a row of the function table and a line in it.
type line struct {
	function int64
	line     int64
}

// encodeLines writes the lines of a location, innermost first, as pairs of varints.
func encodeLines(lines []line) []byte {
	encoded := make([]byte, 0, 8*len(lines))
	for _, l := range lines {
		encoded = binary.AppendUvarint(encoded, uint64(l.function)) //nolint:gosec // row ids are positive
		encoded = binary.AppendUvarint(encoded, uint64(l.line))     //nolint:gosec // read back as it was
	}
	return encoded
}

func decodeLines(encoded []byte) ([]line, error) {
	reader := varints{bytes: encoded}
	var lines []line
	for len(reader.bytes) > 0 {
		function, at := reader.next(), reader.next()
		lines = append(lines, line{function: int64(function), line: int64(at)}) //nolint:gosec // as it was written
	}
	if reader.failed {
		return nil, errors.New("lines of a location are damaged")
	}
	return lines, nil
}
