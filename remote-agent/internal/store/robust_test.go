package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/window"
)

func TestStoreLastsAndContinuesItsIDs(t *testing.T) {
	directory := t.TempDir()
	for run := range int64(3) {
		s, err := Open(t.Context(), Options{Directory: directory})
		if err != nil {
			t.Fatal(err)
		}
		s.must(t, windowOf("web", baseMs+run*stepMs, "1/a main>x 1", fmt.Sprintf("%d/r main>run%d 1", run+2, run)))
		if got, want := len(merged(t, s, selection("{}", 1, baseMs*2)).Sample), int(run)+2; got != want {
			t.Errorf("run %d: %d stacks", run, got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error("closing twice:", err)
		}
		if err := s.Append(t.Context(), intervalOf(windowOf("web", baseMs, "1/a x 1")), nil); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
	info, err := os.Stat(filepath.Join(directory, FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestReadOnlyStoreRefusesToWrite(t *testing.T) {
	directory := t.TempDir()
	if _, err := Open(t.Context(), Options{Directory: directory, ReadOnly: true}); err == nil {
		t.Error("a store that is not there was opened to read")
	}
	s, err := Open(t.Context(), Options{Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	s.must(t, windowOf("web", baseMs, "1/a main>x 1"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(t.Context(), Options{Directory: directory, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := folded(merged(t, s, selection("{}", 1, baseMs*2))); got != "main>x 1" {
		t.Error(got)
	}
	if err := s.Append(t.Context(), intervalOf(windowOf("web", baseMs, "1/a x 1")), nil); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestDamagedStoreIsMovedAside(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string){
		"garbage": func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"zeroed pages": func(t *testing.T, path string) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			copy(content[4096:], make([]byte, len(content)-4096))
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"newer schema": func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", "file:"+path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = db.ExecContext(t.Context(), "PRAGMA user_version = 9999")
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			path := filepath.Join(directory, FileName)
			s, err := Open(t.Context(), Options{Directory: directory})
			if err != nil {
				t.Fatal(err)
			}
			s.must(t, windowOf("web", baseMs, "1/a main>x 1"))
			for _, setting := range []string{"rate", "place:of a window"} {
				if err := s.SetSetting(t.Context(), setting, []byte("kept")); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, path)
			damaged, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s = openStore(t, func(o *Options) { o.Directory = directory })
			if problem := s.Problem(); !strings.Contains(problem, "a new one was begun") {
				t.Errorf("problem %q", problem)
			}
			s.must(t, windowOf("web", baseMs, "1/a main>y 1"))
			if got := folded(merged(t, s, selection("{}", 1, baseMs*2))); got != "main>y 1" {
				t.Error(got)
			}
			if value, err := s.Setting(t.Context(), "rate"); err != nil || (string(value) == "kept") != (name == "newer schema") {
				t.Errorf("%q %v", value, err)
			}
			if value, err := s.Setting(t.Context(), "place:of a window"); err != nil || value != nil {
				t.Errorf("%q %v", value, err)
			}
			aside, err := filepath.Glob(path + ".damaged-*")
			if err != nil || len(aside) != 1 {
				t.Fatalf("%v %v", aside, err)
			}
			kept, err := os.Stat(aside[0])
			if err != nil || kept.Size() != int64(len(damaged)) {
				t.Errorf("what was moved aside is not what was there: %v %v", kept, err)
			}
		})
	}
}

func TestDamageWhileTheAgentRuns(t *testing.T) {
	s := openStore(t, nil)
	for i := range int64(50) {
		s.must(t, windowOf("web", baseMs+i*stepMs, "1/a main>x 1", fmt.Sprintf("1/a main>y%d 1", i)))
	}
	if _, err := s.writer.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	size, err := file.Seek(0, 2)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(bytes.Repeat([]byte{0xAA}, int(size)-4096), 4096)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	// Pages may still be in memory; a fresh connection sees the file.
	s.reader.SetMaxIdleConns(0)
	s.writer.SetMaxIdleConns(0)
	deadline := time.Now().Add(2 * time.Minute)
	for s.Problem() == "" {
		if time.Now().After(deadline) {
			t.Fatal("the damage was never noticed")
		}
		_, readError := s.MergeProfile(t.Context(), selection("{}", 1, baseMs*2))
		writeError := s.Append(t.Context(), intervalOf(windowOf("other", baseMs, "1/a main>z 1")), nil)
		t.Log(readError, writeError)
	}
	s.must(t, windowOf("web", baseMs, "1/a main>after 1"))
	if got := folded(merged(t, s, selection(`{service_name="web"}`, 1, baseMs*2))); got != "main>after 1" {
		t.Error(got)
	}
}

func TestFullDiskLosesWindowsAndCountsThem(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main>x 1"))
	limit := func(pages int) {
		if _, err := s.writer.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1)
	recorder := NewRecorder(s, nil, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { recorder.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	large := windowOf("web", baseMs+stepMs)
	for i := range 3_000 {
		large.Stacks = append(large.Stacks, stackOf(fmt.Sprintf("main>f%d>g%d", i, i)))
		large.Counts = append(large.Counts, window.Count{Stack: uint32(i), Count: 1})
	}
	large.SampleLabels = []window.SampleLabels{{PID: 1}}
	recorder.Deliver(intervalOf(large))
	if err := recorder.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if recorder.Lost() != 1 || recorder.Stored() != 0 || !strings.Contains(recorder.Problem(), "The disk is full") {
		t.Fatalf("lost %d stored %d: %q", recorder.Lost(), recorder.Stored(), recorder.Problem())
	}
	if got := folded(merged(t, s, selection("{}", 1, baseMs*2))); got != "main>x 1" {
		t.Errorf("a part of the lost window is there: %.200s", got)
	}
	limit(1 << 30)
	recorder.Deliver(intervalOf(large))
	if err := recorder.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if recorder.Stored() != 1 || recorder.Problem() != "" {
		t.Errorf("stored %d: %q", recorder.Stored(), recorder.Problem())
	}
	if got := len(merged(t, s, selection("{}", 1, baseMs*2)).Sample); got != 3_001 {
		t.Errorf("%d stacks", got)
	}
}

func TestRecorderCountsWhatASlowDiskLoses(t *testing.T) {
	s := openStore(t, nil)
	recorder := NewRecorder(s, nil, slog.New(slog.DiscardHandler)) // nobody runs it: the queue fills
	for i := range int64(queuedIntervals + 3) {
		recorder.Deliver(intervalOf(windowOf("web", baseMs+i*stepMs, "1/a x 1"), windowOf("db", baseMs+i*stepMs, "1/a x 1")))
	}
	if recorder.Lost() != 6 || recorder.Problem() == "" {
		t.Errorf("%d %q", recorder.Lost(), recorder.Problem())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recorder.Run(ctx) // what is queued is still stored when the agent stops
	if recorder.Stored() != 2*queuedIntervals {
		t.Errorf("%d", recorder.Stored())
	}
	// Who stops the agent a second time waits for nothing, and what comes now is lost.
	if err := recorder.Sync(t.Context()); err != nil {
		t.Error(err)
	}
	recorder.Deliver(intervalOf(windowOf("web", baseMs, "1/a x 1")))
	if recorder.Lost() != 7 {
		t.Errorf("%d are lost", recorder.Lost())
	}
}

func TestRetentionByAge(t *testing.T) {
	s := openStore(t, func(o *Options) {
		o.MaxAge = 2 * time.Hour
		o.Now = func() time.Time { return time.UnixMilli(baseMs + 4*hourMs) }
	})
	for hour := range int64(5) {
		s.must(t, windowOf("web", baseMs+hour*hourMs, "1/a main>x 1", fmt.Sprintf("1/a main>only%d>0x%x 1", hour, 0x1000+hour)))
		s.must(t, windowOf(fmt.Sprintf("service%d", hour), baseMs+hour*hourMs, "1/a main 1"))
	}
	s.mustRollUp(t) // five hours of two series, of which the last is not over
	if err := s.Retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := folded(merged(t, s, selection(`{service_name="web"}`, 1, baseMs*2)))
	want := "main>only2>libfoo.so+0x1002 1, main>only3>libfoo.so+0x1003 1, main>only4>libfoo.so+0x1004 1, main>x 3"
	if got != want {
		t.Errorf("got %s", got)
	}
	names, err := s.LabelValues(t.Context(), "service_name", nil, Range{})
	if err != nil || strings.Join(names, " ") != "service2 service3 service4 web" {
		t.Errorf("%v %v", names, err)
	}
	for table, want := range map[string]int{"series": 4, "location": 8, "function": 5, "stack": 0, "stack_block": 6, "sample_labels": 6, "window": 6, "mapping": 1, "rollup": 8, "rollup_due": 2} {
		var rows int
		if err := s.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows); err != nil || rows != want {
			t.Errorf("%s has %d rows, not %d: %v", table, rows, want, err)
		}
	}
	// The writer knows that rows are gone.
	s.must(t, windowOf("web", baseMs+4*hourMs+stepMs, "1/a main>only0>0x1000 1"))
	if got := folded(merged(t, s, selection(`{service_name="web"}`, baseMs+4*hourMs+stepMs, baseMs*2))); got != "main>only0>libfoo.so+0x1000 1" {
		t.Error(got)
	}
}

func TestRetentionBySize(t *testing.T) {
	const hours, maxBytes = 8, 1 << 20
	s := openStore(t, func(o *Options) {
		o.MaxBytes = maxBytes
		o.Now = func() time.Time { return time.UnixMilli(baseMs + hours*hourMs) }
	})
	for hour := range int64(hours) {
		w := windowOf("web", baseMs+hour*hourMs)
		w.SampleLabels = []window.SampleLabels{{PID: 1}}
		for i := range 2_000 {
			w.Stacks = append(w.Stacks, stackOf(fmt.Sprintf("main>h%d>f%d_%d", hour, hour, i)))
			w.Counts = append(w.Counts, window.Count{Stack: uint32(i), Count: 1})
		}
		s.must(t, w)
	}
	if err := s.Retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	stats, err := s.Stats(t.Context())
	if err != nil || stats.Windows == 0 || stats.Windows == hours || stats.NewestMs != baseMs+(hours-1)*hourMs {
		t.Errorf("%+v %v", stats, err)
	}
	if bytes := s.Bytes(); bytes > maxBytes {
		t.Errorf("%d bytes are still on disk", bytes)
	}
}

func TestReadersBesideTheWriter(t *testing.T) {
	s := openStore(t, nil)
	s.must(t, windowOf("web", baseMs, "1/a main>x 1"))
	var running sync.WaitGroup
	for reader := range 8 {
		running.Go(func() {
			for range 20 {
				// Totals of one snapshot agree: a window is there whole or not at all.
				p, err := s.MergeProfile(t.Context(), selection(`{thread=~".+"}`, 1, baseMs*2))
				if err != nil {
					t.Error(reader, err)
					return
				}
				var total int64
				for _, sample := range p.GetSample() {
					total += sample.GetValue()[0]
				}
				if (total/period-1)%10 != 0 {
					t.Errorf("total %d", total/period)
				}
			}
		})
	}
	for i := range int64(30) {
		s.must(t, windowOf("web", baseMs+i*stepMs, fmt.Sprintf("%d/a main>x 7", i), fmt.Sprintf("1/b main>y%d 3", i)))
		if i%10 == 0 {
			if err := s.SetSetting(t.Context(), "k", []byte{byte(i)}); err != nil {
				t.Error(err)
			}
		}
	}
	running.Wait()
	value, err := s.Setting(t.Context(), "k")
	if err != nil || !bytes.Equal(value, []byte{20}) {
		t.Errorf("%v %v", value, err)
	}
}

func TestBodies(t *testing.T) {
	codec, err := newBodyCodec()
	if err != nil {
		t.Fatal(err)
	}
	counts := []count{{5, 1, 7}, {3, 0, 97}, {3, 2, -4}, {1 << 31, 1 << 30, 1 << 40}}
	body := codec.encode(counts)
	decoded, err := codec.decode(body, &decodedBody{})
	if err != nil || fmt.Sprint(decoded) != "[{3 0 97} {3 2 -4} {5 1 7} {2147483648 1073741824 1099511627776}]" {
		t.Errorf("%v %v", decoded, err)
	}
	if decoded, err := codec.decode(codec.encode(nil), &decodedBody{}); err != nil || len(decoded) != 0 {
		t.Errorf("%v %v", decoded, err)
	}
	for i := range body {
		if _, err := codec.decode(body[:i], &decodedBody{}); !errors.Is(err, errBody) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestGenerationsForgetTheOldest(t *testing.T) {
	g := newGenerations[int, int](8)
	for i := range 100 {
		g.put(i, i)
		if _, found := g.get(0); !found {
			t.Fatalf("what is used all the time was forgotten after %d", i)
		}
	}
	if len(g.young)+len(g.old) > 9 {
		t.Errorf("%d entries", len(g.young)+len(g.old))
	}
	if _, found := g.get(50); found {
		t.Error("50 is still there")
	}
}

func TestAPanicDoesNotLockTheStore(t *testing.T) {
	s := openStore(t, nil)
	for _, panics := range []func(){
		func() { _ = s.write(t.Context(), func(context.Context, *sql.Tx) error { panic("bug") }) },
		func() { _ = s.read(t.Context(), func(context.Context, *sql.Tx) error { panic("bug") }) },
	} {
		for range readers + 1 {
			func() {
				defer func() { _ = recover() }()
				panics()
			}()
		}
	}
	s.must(t, windowOf("web", baseMs, "1/a main>x 1"))
	if got := folded(merged(t, s, selection("{}", baseMs, baseMs+1))); got != "main>x 1" {
		t.Error(got)
	}
}
