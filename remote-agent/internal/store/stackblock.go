package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
)

// Stacks that a window brings to its series and hour are one row, a block: as rows of their own they were a quarter of what
// the agent costs (docs/adr/0006). Their ids count on from the block's first one. A body is stackBlockVersion, then a zstd
// frame of, for each stack, the length in bytes of its location ids as a varint, and those (see encodeIDs).
//
// The stacks [7 8] and [] of a block whose first id is 40 have the ids 40 and 41, and are before compression 2 | 7 8 | 0.
//
// A stack may stand in an hour twice, under two ids: the writer forgets which ones it wrote when it is started anew, or when
// there are very many. Readers add up by locations, so this costs room and changes no answer.
const stackBlockVersion = 1

// maxBlockBytes is where a block ends and the next begins; half of what a body may grow to when it is read.
const maxBlockBytes = maxBodyBytes / 2

// stackBlock is a block that is being filled.
type stackBlock struct {
	at    seriesHour
	first uint32
	count uint32
	raw   []byte
}

// appendStack adds a stack to the open block and returns its id.
func (r *rows) appendStack(block *stackBlock, ids *hourIDs, members []int64) (uint32, error) {
	id := ids.nextStack
	ids.nextStack++
	if block.count == 0 {
		block.first = id
	}
	r.scratch = encodeIDs(r.scratch[:0], members)
	block.raw = binary.AppendUvarint(block.raw, uint64(len(r.scratch)))
	block.raw = append(block.raw, r.scratch...)
	block.count++
	if len(block.raw) < maxBlockBytes {
		return id, nil
	}
	return id, r.writeBlock(block)
}

// writeBlock writes what is in the open block, and empties it.
func (r *rows) writeBlock(block *stackBlock) error {
	if block.count == 0 {
		return nil
	}
	body := r.codec.encoder.EncodeAll(block.raw, []byte{stackBlockVersion})
	_, err := r.exec("INSERT INTO stack_block (series_id, hour, first, count, body) VALUES (?, ?, ?, ?, ?)",
		block.at.series, block.at.hour, block.first, block.count, body)
	block.count, block.raw = 0, block.raw[:0]
	return err
}

// readStacks calls visit for each stack of a series and hour; locations hold until it returns.
func (c *bodyCodec) readStacks(ctx context.Context, db *sql.Tx, at seriesHour, visit func(id int, locations []byte)) error {
	if err := readOldStacks(ctx, db, at, visit); err != nil {
		return err
	}
	found, err := db.QueryContext(ctx, "SELECT first, count, body FROM stack_block WHERE series_id = ? AND hour = ?", at.series, at.hour)
	if err != nil {
		return fmt.Errorf("read stacks: %w", err)
	}
	var first, count int
	var body sql.RawBytes
	var raw []byte
	return each(found, func() error {
		if err := found.Scan(&first, &count, &body); err != nil {
			return fmt.Errorf("read stacks: %w", err)
		}
		var err error
		if raw, err = c.decodeBlock(body, raw, first, count, visit); err != nil {
			return fmt.Errorf("stacks of hour %d: %w", at.hour, err)
		}
		return nil
	})
}

// decodeBlock returns the buffer, to be used again.
func (c *bodyCodec) decodeBlock(body, buffer []byte, first, count int, visit func(id int, locations []byte)) ([]byte, error) {
	if len(body) == 0 || body[0] != stackBlockVersion {
		return buffer, fmt.Errorf("unknown version: %w", errBody)
	}
	raw, err := c.decoder.DecodeAll(body[1:], buffer[:0])
	if err != nil {
		return buffer, fmt.Errorf("decompress: %w: %w", errBody, err)
	}
	rest := raw
	for i := range count {
		length, n := binary.Uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return raw, errors.Join(errors.New("a stack is cut off"), errBody)
		}
		visit(first+i, rest[n:n+int(length)]) //nolint:gosec // checked above
		rest = rest[n+int(length):]           //nolint:gosec // checked above
	}
	if len(rest) > 0 {
		return raw, fmt.Errorf("wrong length: %w", errBody)
	}
	return raw, nil
}

// readOldStacks reads what was written before version 3, when each stack was a row.
func readOldStacks(ctx context.Context, db *sql.Tx, at seriesHour, visit func(id int, locations []byte)) error {
	found, err := db.QueryContext(ctx, "SELECT id, locations FROM stack WHERE series_id = ? AND hour = ?", at.series, at.hour)
	if err != nil {
		return fmt.Errorf("read stacks: %w", err)
	}
	var id int
	var locations sql.RawBytes
	return each(found, func() error {
		if err := found.Scan(&id, &locations); err != nil {
			return fmt.Errorf("read stacks: %w", err)
		}
		visit(id, locations)
		return nil
	})
}
