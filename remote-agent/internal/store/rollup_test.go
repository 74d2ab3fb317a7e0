package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"pyrometer.dev/remote-agent/internal/window"
)

// rollupHour is when the hour begins that most of these tests are about.
const rollupHour = baseMs - baseMs%hourMs

// openStoreAt is a store whose clock stands at a time.
func openStoreAt(t testing.TB, nowMs int64) *Store {
	t.Helper()
	return openStore(t, func(o *Options) { o.Now = func() time.Time { return time.UnixMilli(nowMs) } })
}

func (s *Store) mustRollUp(t testing.TB) {
	t.Helper()
	if err := s.RollUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *Store) mustCount(t testing.TB, query string, want int) {
	t.Helper()
	var got int
	if err := s.reader.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
		t.Errorf("%s: %d, not %d: %v", query, got, want, err)
	}
}

// forgetWindows deletes the measured windows that begin in a range: what queries still tell, they tell from roll-ups.
func (s *Store) forgetWindows(t testing.TB, startMs, endMs int64) {
	t.Helper()
	err := s.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM window WHERE start_ms >= ? AND start_ms < ?", startMs, endMs)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSlotsThatAreOverAreReadFromRollups(t *testing.T) {
	s := openStoreAt(t, rollupHour+hourMs+1_200_000)
	for at := int64(rollupHour - 300_000); at < rollupHour+hourMs+1_200_000; at += stepMs {
		s.must(t, windowOf("web", at, "1/a main>x 2", "1/b main>x 1", "2/a main>y 4"))
	}
	s.mustRollUp(t)
	s.mustCount(t, "SELECT count(*) FROM rollup WHERE level = 1", 1+12+3) // the slot before last ended a moment ago
	s.mustCount(t, "SELECT count(*) FROM rollup WHERE level = 2", 2)
	s.mustCount(t, "SELECT count(*) FROM rollup_due", 1+1)
	s.forgetWindows(t, rollupHour, rollupHour+hourMs+900_000)
	for name, c := range map[string]struct {
		selector   string
		start, end int64
		want       string
	}{
		"an hour":          {"{}", rollupHour, rollupHour + hourMs, "main>x 720, main>y 960"},
		"of one thread":    {`{thread="a"}`, rollupHour, rollupHour + hourMs, "main>x 480, main>y 960"},
		"five minutes":     {"{}", rollupHour + 300_000, rollupHour + 600_000, "main>x 60, main>y 80"},
		"with both edges":  {"{}", rollupHour - 2*stepMs, rollupHour + hourMs + 900_000 + stepMs, "main>x 909, main>y 1212"},
		"not a whole slot": {"{}", rollupHour + stepMs, rollupHour + 300_000, ""},
	} {
		if got := folded(merged(t, s, selection(c.selector, c.start, c.end))); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	p := merged(t, s, selection("{}", rollupHour, rollupHour+hourMs))
	if p.TimeNanos != rollupHour*1e6 || p.DurationNanos != hourMs*1e6 || p.Period != period {
		t.Errorf("%d %d %d", p.TimeNanos, p.DurationNanos, p.Period)
	}
}

func TestAWindowThatComesLateOpensItsRollupsAgain(t *testing.T) {
	s := openStoreAt(t, rollupHour+2*hourMs)
	s.must(t, windowOf("web", rollupHour, "1/a main>x 1"))
	s.must(t, windowOf("db", rollupHour, "1/a main>x 1"))
	s.mustRollUp(t)
	s.must(t, windowOf("web", rollupHour+stepMs, "1/a main>late 1"))
	s.must(t, windowOf("web", rollupHour+2*stepMs, "1/a main>late 1"))
	s.mustCount(t, "SELECT count(*) FROM rollup", 2)
	for range 2 {
		if got := folded(merged(t, s, selection("{}", rollupHour, rollupHour+hourMs))); got != "main>late 2, main>x 2" {
			t.Error(got)
		}
		s.mustRollUp(t)
	}
	s.mustCount(t, "SELECT count(*) FROM rollup", 4)
	s.mustCount(t, "SELECT count(*) FROM rollup_due", 0)
	s.forgetWindows(t, 0, rollupHour+hourMs)
	if got := folded(merged(t, s, selection("{}", rollupHour, rollupHour+hourMs))); got != "main>late 2, main>x 2" {
		t.Error(got)
	}
}

// Whatever is asked, and whenever it was rolled up, the answer is that of a store without roll-ups, byte by byte.
func TestAnswersAreTheSameWithRollups(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 8))
		nowMs := int64(rollupHour)
		plain := openStore(t, nil)
		s := openStore(t, func(o *Options) { o.Now = func() time.Time { return time.UnixMilli(nowMs) } })
		for i := range 120 {
			nowMs += random.Int64N(180_000)
			at := nowMs - nowMs%stepMs - random.Int64N(2)*random.Int64N(hourMs)/stepMs*stepMs
			w := windowOf(fmt.Sprintf("service%d", random.IntN(3)), at)
			if random.IntN(8) > 0 { // else an empty one
				w = windowOf(fmt.Sprintf("service%d", random.IntN(3)), at, fmt.Sprintf("%d/a main>x%d %d", random.IntN(3), random.IntN(9), i+1),
					fmt.Sprintf("%d/b main>y>z%d %d", random.IntN(3), random.IntN(9), i+1))
			}
			if random.IntN(4) == 0 {
				w.Period *= 5 // a rate that the budget lowered
			}
			plain.must(t, w)
			s.must(t, w)
			if random.IntN(10) == 0 {
				s.mustRollUp(t)
			}
		}
		for range 200 {
			from := rollupHour - hourMs + random.Int64N(8*hourMs)
			of := selection([]string{"{}", `{service_name="service1"}`, `{pid="1"}`}[random.IntN(3)], from, from+random.Int64N(6*hourMs))
			if random.IntN(2) == 0 {
				of.StartMs, of.EndMs = of.StartMs-of.StartMs%300_000, of.EndMs-of.EndMs%300_000
			}
			want, err := plain.MergeProfile(t.Context(), of)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.MergeProfile(t.Context(), of)
			if err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, want) {
				t.Fatalf("seed %d, %+v:\n%v\nnot\n%v", seed, of, got, want)
			}
		}
	}
}

func TestWindowsOfAnOlderAgentAreRolledUp(t *testing.T) {
	directory := t.TempDir()
	open := func() *Store {
		return openStore(t, func(o *Options) {
			o.Directory, o.Now = directory, func() time.Time { return time.UnixMilli(rollupHour + 2*hourMs) }
		})
	}
	s := open()
	s.must(t, windowOf("web", rollupHour, "1/a main>x 1"), windowOf("web", rollupHour+stepMs, "1/a main>x 1"))
	err := s.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DROP TABLE rollup; DROP TABLE rollup_due; DROP TABLE container_start; PRAGMA user_version = 3")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	s.mustRollUp(t)
	s.mustCount(t, "SELECT count(*) FROM rollup", 2)
	if got := folded(merged(t, s, selection("{}", rollupHour, rollupHour+hourMs))); got != "main>x 2" {
		t.Error(got)
	}
}

func TestARollupOfMoreThanABodyTakes(t *testing.T) {
	s := openStoreAt(t, rollupHour+2*hourMs)
	const windows, each = 5, 50_000
	for i := range int64(windows) {
		w := windowOf("web", rollupHour+i*stepMs, "1/a main>x 1")
		w.SampleLabels = w.SampleLabels[:0]
		for thread := range each {
			w.SampleLabels = append(w.SampleLabels, window.SampleLabels{PID: uint32(int(i)*each + thread)})
		}
		w.Counts = w.Counts[:0]
		for thread := range each {
			w.Counts = append(w.Counts, window.Count{Labels: uint32(thread), Count: 1})
		}
		s.must(t, w)
	}
	s.mustRollUp(t)
	s.mustCount(t, "SELECT count(*) FROM rollup", 4)
	if got := folded(merged(t, s, selection("{}", rollupHour, rollupHour+hourMs))); got != fmt.Sprintf("main>x %d", windows*each) {
		t.Error(got)
	}
}
