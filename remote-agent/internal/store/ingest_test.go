package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

func countOf(stack int) window.Count { return window.Count{Stack: uint32(stack), Count: 1} }

func packed(t testing.TB, p *profile.Profile) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := p.Write(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func TestBadPushesAreRefusedWithAReason(t *testing.T) {
	now := int64(baseMs)
	s := openStore(t, func(o *Options) { o.Now = func() time.Time { return time.UnixMilli(now) } })
	changed := func(change func(*profile.Profile)) []byte {
		p := pushed()
		change(p)
		return packed(t, p)
	}
	good := packed(t, pushed())
	var bomb bytes.Buffer
	writer := gzip.NewWriter(&bomb)
	for range maxProfileBytes/1000 + 10 {
		if _, err := writer.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	many := make([]target.Label, 40)
	for i := range many {
		many[i] = target.Label{Name: fmt.Sprint("l", i), Value: "x"}
	}
	for name, test := range map[string]struct {
		labels []target.Label
		raw    []byte
		says   string
	}{
		"empty":          {sdk, nil, "not a pprof"},
		"garbage":        {sdk, []byte("garbage"), "not a pprof"},
		"cut gzip":       {sdk, good[:len(good)/2], "cannot be unpacked"},
		"bomb":           {sdk, bomb.Bytes(), "more than 16 MiB"},
		"no name":        {sdk[1:], good, "__name__ is missing"},
		"too many names": {append(many, sdk...), good, "at most 30"},
		"long value":     {append([]target.Label{{Name: "x", Value: strings.Repeat("y", 3000)}}, sdk...), good, "at most 2048"},
		"twice":          {append([]target.Label{{Name: "region", Value: "us"}}, sdk...), good, "there twice"},
		"old":            {sdk, changed(func(p *profile.Profile) { p.TimeNanos -= 2 * hourMs * 1e6 }), "outside of the time"},
		"ahead":          {sdk, changed(func(p *profile.Profile) { p.TimeNanos += hourMs * 1e6 }), "outside of the time"},
		"no types":       {sdk, changed(func(p *profile.Profile) { p.SampleType, p.Sample = nil, nil }), "0 sample types"},
		"colon":          {sdk, changed(func(p *profile.Profile) { p.SampleType[0].Type = "a:b" }), "colon"},
		"no UTF-8":       {sdk, changed(func(p *profile.Profile) { p.SampleType[0].Type = "a\xff" }), "not UTF-8"},
		"control":        {sdk, changed(func(p *profile.Profile) { p.SampleType[0].Unit = "a\nb" }), "control characters"},
		"bad name":       {append([]target.Label{{Name: "__name__", Value: "a\x00"}}, sdk[1:]...), good, "no metric name"},
		"many samples":   {sdk, bytes.Repeat([]byte{0x12, 0}, 7<<20), "more than 16000 samples"},
		"many locations": {sdk, bytes.Repeat([]byte{0x22, 0}, 7<<20), "more than 1048576 functions"},
		"many lines":     {sdk, message(0x22, bytes.Repeat([]byte{0x22, 0}, 7<<20)), "more than 1048576 functions"},
		"many labels":    {sdk, message(0x12, bytes.Repeat([]byte{0x1a, 0}, 7<<20)), "more than 1048576 functions"},
		"many texts":     {sdk, bytes.Repeat([]byte{0x32, 0}, 7<<20), "more than 1048576 functions"},
		"long stacks":    {sdk, bytes.Repeat(message(0x12, message(0x0a, bytes.Repeat([]byte{1}, 1000))), 15_000), "more than 4194304 frames"},
		"long comments":  {sdk, message(0x6a, bytes.Repeat([]byte{1}, 15<<20)), "more than 4194304 frames"},
		"too deep": {sdk, changed(func(p *profile.Profile) {
			for range maxPushedDepth {
				p.Sample[0].Location = append(p.Sample[0].Location, p.Location[0])
			}
		}), "frames"},
		"too many samples": {sdk, changed(func(p *profile.Profile) {
			for i := range maxPushedSamples {
				p.Sample = append(p.Sample, &profile.Sample{Location: p.Location, Value: []int64{1, 1}, NumLabel: map[string][]int64{"i": {int64(i)}}})
			}
		}), "push shorter"},
	} {
		t.Run(name, func(t *testing.T) {
			now += 5000 // or too much is pushed
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := s.AppendPushed(t.Context(), test.labels, test.raw)
			if !errors.Is(err, ErrBadProfile) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v", err)
			}
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 160<<20 {
				t.Errorf("%d bytes were allocated", grown)
			}
		})
	}
	if stats, err := s.Stats(t.Context()); err != nil || stats.Windows != 0 {
		t.Errorf("%+v %v", stats, err)
	}
}

// message is a field of a pprof that holds bytes.
func message(tag byte, content []byte) []byte {
	return append(binary.AppendUvarint([]byte{tag}, uint64(len(content))), content...)
}

// TestWhatAPushNeeds is the memory that the largest profile takes that is let in.
func TestWhatAPushNeeds(t *testing.T) {
	p := pushed()
	p.Sample = nil
	for i := range MaxPushedSamples {
		sample := &profile.Sample{Value: []int64{1, 1}}
		for range 250 {
			sample.Location = append(sample.Location, p.Location[0])
		}
		sample.Location = append(sample.Location, p.Location[i%len(p.Location)])
		p.Sample = append(p.Sample, sample)
	}
	raw := packed(t, p)
	s := openStore(t, nil)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := s.AppendPushed(t.Context(), sdk, raw); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 512<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

func TestPushedSamplesAreToldFromSampledOnes(t *testing.T) {
	s := openStore(t, nil)
	for _, claimed := range []string{"", "agent"} {
		labels := append([]target.Label{{Name: OriginLabel, Value: claimed}}, sdk...)
		p := pushed()
		p.TimeNanos += int64(len(claimed)) * 1e9
		if err := s.AppendPushed(t.Context(), labels, packed(t, p)); err != nil {
			t.Fatal(err)
		}
	}
	if values, err := s.LabelValues(t.Context(), OriginLabel, nil, Range{}); err != nil || fmt.Sprint(values) != "[push]" {
		t.Errorf("origins = %v %v", values, err)
	}
	for selector, want := range map[string]bool{`{pyrometer_origin=""}`: false, `{pyrometer_origin="push"}`: true, `{}`: true} {
		found, err := s.LabelValues(t.Context(), "service_name", []string{selector}, Range{})
		if err != nil || (len(found) > 0) != want {
			t.Errorf("%s finds %v, %v", selector, found, err)
		}
	}
}

func TestPushWithoutServiceIsUnspecified(t *testing.T) {
	s := openStore(t, nil)
	if err := s.AppendPushed(t.Context(), sdk[:1], packed(t, pushed())); err != nil {
		t.Fatal(err)
	}
	if values, err := s.LabelValues(t.Context(), "service_name", nil, Range{}); err != nil || fmt.Sprint(values) != "[unspecified]" {
		t.Errorf("%v %v", values, err)
	}
}

// The first try fails only when it is committed, as on a disk that is full.
func TestPushIsTakenAgainAfterItWasNotStored(t *testing.T) {
	s := openStore(t, nil)
	for _, statement := range []string{
		"PRAGMA foreign_keys = ON",
		"CREATE TABLE missing (id INTEGER PRIMARY KEY)",
		"CREATE TABLE broken (id REFERENCES missing DEFERRABLE INITIALLY DEFERRED)",
		"CREATE TRIGGER break AFTER INSERT ON window BEGIN INSERT INTO broken VALUES (1); END",
	} {
		if _, err := s.writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	raw := packed(t, pushed())
	if err := s.AppendPushed(t.Context(), sdk, raw); err == nil || !strings.Contains(err.Error(), "commit") {
		t.Fatalf("the commit did not fail: %v", err)
	}
	if _, err := s.writer.ExecContext(t.Context(), "DROP TRIGGER break"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and once only
		if err := s.AppendPushed(t.Context(), sdk, raw); err != nil {
			t.Fatal(err)
		}
	}
	var windows int
	if err := s.writer.QueryRowContext(t.Context(), "SELECT count(*) FROM window").Scan(&windows); err != nil || windows != 2 {
		t.Errorf("%d windows are stored, not one for each of two sample types; %v", windows, err)
	}
}

func TestPushingIsLimited(t *testing.T) {
	s := openStore(t, nil)
	if _, err := s.writer.ExecContext(t.Context(), "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "+
		"INSERT INTO series (labels, profile_type) SELECT '[[\"a\",\"' || i || '\"]]', ? FROM n", maxSeries, cpuType); err != nil {
		t.Fatal(err)
	}
	if err := s.AppendPushed(t.Context(), sdk, packed(t, pushed())); !errors.Is(err, ErrTooMuch) {
		t.Errorf("one series more than %d: %v", maxSeries, err)
	}
	now := time.UnixMilli(baseMs)
	bucket := allowance{}
	if !bucket.spend(now, pushedBytesAtOnce) || bucket.spend(now, 1) {
		t.Error("the burst is not what it should be")
	}
	if now = now.Add(time.Second); !bucket.spend(now, pushedBytesPerSecond) || bucket.spend(now, 1) {
		t.Error("a second gives back another amount")
	}
	if now = now.Add(-time.Hour); bucket.spend(now, 1) {
		t.Error("a clock that is set back gives bytes")
	}
}

// FuzzAppendPushed: what a container pushes is hostile. Whatever is taken must come back as a valid profile.
func FuzzAppendPushed(f *testing.F) {
	good, err := proto.Marshal(&googlev1.Profile{StringTable: []string{""}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(packed(f, pushed()))
	var plain bytes.Buffer
	if err := pushed().WriteUncompressed(&plain); err != nil {
		f.Fatal(err)
	}
	f.Add(plain.Bytes())
	s := openStore(f, nil)
	f.Fuzz(func(t *testing.T, raw []byte) {
		s.pushed = allowance{}
		if err := s.AppendPushed(t.Context(), sdk, raw); err != nil {
			if !errors.Is(err, ErrBadProfile) && !errors.Is(err, ErrTooMuch) {
				t.Fatal(err)
			}
			return
		}
		types, err := s.ProfileTypes(t.Context(), Range{})
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range types {
			made, err := s.MergeProfile(t.Context(), Selection{ProfileType: kind.String(), Selector: "{}", StartMs: 1, EndMs: 1 << 61})
			if err != nil {
				t.Fatal(err)
			}
			valid(t, made)
		}
		if err := s.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			s.dictionary = newDictionary()
			_, err := tx.ExecContext(ctx, "DELETE FROM window; DELETE FROM stack; DELETE FROM series; DELETE FROM sample_labels")
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzBody: a body that was damaged on disk is an error, never a panic or a large allocation.
func FuzzBody(f *testing.F) {
	codec, err := newBodyCodec()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(codec.encode([]count{{1, 2, 3}, {4, 5, -6}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := codec.decode(body, &decodedBody{}); err != nil && !errors.Is(err, errBody) {
			t.Fatal(err)
		}
	})
}
