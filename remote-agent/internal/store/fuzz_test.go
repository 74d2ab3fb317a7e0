package store

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// FuzzQuery: who may use the control socket may ask anything. It is answered or refused for what is wrong with it, and what a
// selector finds is never more than what is there.
func FuzzQuery(f *testing.F) {
	for _, selector := range []string{
		`{}`, `{service_name="web"}`, `{service_name=~"w.*|d"}`, `{pid!="1",thread=~".+"}`, `{service_name=~"(a+)+$"}`, `{`, `{a="\xff"}`,
	} {
		f.Add(cpuType, selector, int64(baseMs), int64(baseMs+stepMs), 15.0, "service_name")
	}
	f.Add("a:b:c:d", "{}", int64(-1), int64(1)<<62, -1.0, "")
	f.Add(cpuType, "{}", int64(0), int64(1)<<62, 0.0001, "pid")
	s := openStore(f, nil)
	s.must(f, windowOf("web", baseMs, "1/a main>x 1", "2/b main>y 4"), windowOf("db", baseMs, "3/pg main>x 8"))
	const all = 13 * period
	f.Fuzz(func(t *testing.T, profileType, selector string, start, end int64, step float64, group string) {
		asked := Selection{ProfileType: profileType, Selector: selector, StartMs: start, EndMs: end}
		expected := func(err error) bool { return err == nil || errors.Is(err, ErrBadQuery) || errors.Is(err, ErrTooMuch) }
		made, err := s.MergeProfile(t.Context(), asked)
		if !expected(err) {
			t.Fatalf("merge: %v", err)
		}
		if err == nil {
			var sum int64
			for _, sample := range valid(t, made).Sample {
				sum += sample.Value[0]
			}
			if sum > all {
				t.Errorf("%d of %d", sum, all)
			}
		}
		if _, err := s.SelectSeries(t.Context(), PointsQuery{Selection: asked, GroupBy: []string{group}, StepMs: int64(step * 1000)}); !expected(err) {
			t.Errorf("series: %v", err)
		}
		within := Range{StartMs: start, EndMs: end}
		if _, err := s.LabelValues(t.Context(), group, []string{selector}, within); !expected(err) {
			t.Errorf("label values: %v", err)
		}
		if _, err := s.Series(t.Context(), []string{selector}, []string{group}, within); !expected(err) {
			t.Errorf("label sets: %v", err)
		}
	})
}

// FuzzProfile: whatever a window holds, names in no encoding among it, pprof's own reader takes the profile, and nothing is lost.
func FuzzProfile(f *testing.F) {
	f.Add([]byte("main\x00view\x00\xff\xfe\x00"), []byte{1, 2, 3, 0, 5, 1, 1})
	f.Add([]byte{}, []byte{0})
	f.Add([]byte("a\nb\x00"), binary.LittleEndian.AppendUint64(nil, 1<<63))
	f.Fuzz(func(t *testing.T, names, shape []byte) {
		made, total := windowFrom(names, shape)
		if total == 0 {
			return
		}
		s := openStore(t, nil)
		s.must(t, made)
		var sum int64
		for _, sample := range merged(t, s, selection("{}", baseMs, baseMs+1)).Sample {
			sum += sample.Value[0]
		}
		if sum != total*period {
			t.Errorf("%d of %d", sum, total*period)
		}
	})
}

// windowFrom makes a window whose stacks are runs of shape, ended by 0: each byte is a frame, and the run's length a count.
func windowFrom(names, shape []byte) (made *window.Window, total int64) {
	texts := []string{""}
	for len(names) > 0 {
		at := slices.Index(names, 0)
		if at < 0 {
			at = len(names) - 1
		}
		texts = append(texts, string(names[:at]))
		names = names[at+1:]
	}
	made = windowOf("web", baseMs)
	made.SampleLabels = []window.SampleLabels{{PID: 1, Thread: texts[len(texts)-1]}}
	made.Labels = append(made.Labels, target.Label{Name: "version", Value: texts[0]})
	kinds := []engine.FrameKind{engine.KindPython, engine.KindKernel, engine.KindNative}
	var frames []*engine.Frame
	for i, step := range append(shape, 0) {
		if step != 0 && len(frames) < 100 {
			text := texts[int(step)%len(texts)]
			frame := &engine.Frame{Kind: kinds[int(step)%len(kinds)], Function: text, File: text, Line: uint32(step), FunctionLine: uint32(i)}
			if frame.Kind == engine.KindNative {
				frame = &engine.Frame{Kind: engine.KindNative, Mapping: &engine.Mapping{FileID: text, Path: text, BuildID: text}, Address: uint64(step)}
			}
			frames = append(frames, frame)
			continue
		}
		if len(frames) == 0 {
			continue
		}
		h := keyHasher{}
		h.text(string(binary.LittleEndian.AppendUint64(nil, uint64(len(made.Stacks)))))
		made.Counts = append(made.Counts, window.Count{Stack: uint32(len(made.Stacks)), Count: uint64(len(frames))})
		made.Stacks = append(made.Stacks, window.Stack{Hash: h.sum(), Frames: frames})
		total += int64(len(frames))
		frames = nil
	}
	return made, total
}
