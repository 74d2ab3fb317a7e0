package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// What version 2 wrote is read beside what version 3 writes, and ids go on after it.
func TestStacksOfBeforeBlocks(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main>old 3", "1/a main>both 1"))
	err := s.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		at := seriesHour{series: 1, hour: baseMs / hourMs}
		var failures []error
		err := s.codec.readStacks(ctx, tx, at, func(id int, locations []byte) {
			_, err := tx.ExecContext(ctx, "INSERT INTO stack (series_id, hour, hash, id, locations) VALUES (?, ?, ?, ?, ?)",
				at.series, at.hour, []byte{byte(id)}, id, locations)
			failures = append(failures, err)
		})
		if len(failures) != 2 {
			return fmt.Errorf("%d stacks were moved", len(failures))
		}
		_, deleted := tx.ExecContext(ctx, "DELETE FROM stack_block")
		s.dictionary = newDictionary() // as in a new run
		return errors.Join(append(failures, err, deleted)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.must(t, windowOf("web", baseMs+stepMs, "1/a main>both 1", "1/a main>new 5"))
	if got := folded(merged(t, s, selection("{}", 1, baseMs*2))); got != "main>both 2, main>new 5, main>old 3" {
		t.Error(got)
	}
	windows := 0
	_, err = s.Windows(t.Context(), selection("{}", 1, baseMs*2), func(*WindowCounts) error { windows++; return nil })
	if err != nil || windows != 2 {
		t.Errorf("%d windows, %v", windows, err)
	}
}

func TestBlocksEndBeforeTheyAreTooLargeToRead(t *testing.T) {
	s := openStore(t, nil)
	deep := strings.Repeat("f>", 30_000)
	var lines []string
	for i := range 90 {
		lines = append(lines, fmt.Sprintf("1/a %sleaf%d 1", deep, i))
	}
	s.must(t, windowOf("web", baseMs, lines...))
	var blocks int
	if err := s.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM stack_block").Scan(&blocks); err != nil || blocks != 2 {
		t.Errorf("%d blocks, %v", blocks, err)
	}
	if got := len(merged(t, s, selection("{}", 1, baseMs*2)).Sample); got != len(lines) {
		t.Errorf("%d stacks came back", got)
	}
}

func TestDamagedBlocks(t *testing.T) {
	codec, err := newBodyCodec()
	if err != nil {
		t.Fatal(err)
	}
	pack := func(raw ...byte) []byte { return codec.encoder.EncodeAll(raw, []byte{stackBlockVersion}) }
	for name, c := range map[string]struct {
		body  []byte
		count int
	}{
		"empty":           {nil, 0},
		"unknown version": {append([]byte{9}, pack(0)[1:]...), 1},
		"no zstd":         {[]byte{stackBlockVersion, 1, 2, 3}, 1},
		"stack cut off":   {pack(3, 7, 8), 1},
		"fewer stacks":    {pack(1, 7), 2},
		"more stacks":     {pack(1, 7, 1, 8), 1},
		"length overflow": {pack(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), 1},
	} {
		if _, err := codec.decodeBlock(c.body, nil, 0, c.count, func(int, []byte) {}); !errors.Is(err, errBody) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var got []string
	_, err = codec.decodeBlock(pack(2, 7, 8, 0), nil, 40, 2, func(id int, locations []byte) { got = append(got, fmt.Sprint(id, locations)) })
	if err != nil || strings.Join(got, " ") != "40 [7 8] 41 []" {
		t.Errorf("%v %v", got, err)
	}
}
