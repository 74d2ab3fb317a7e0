package store

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	"pyrometer.dev/remote-agent/internal/engine"
	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

const (
	cpuType = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
	baseMs  = 1_700_000_010_000 // a multiple of 15 s; 3 minutes 30 seconds into its hour are left to 22:13:30
	stepMs  = 15_000
	period  = 10_000_000
)

func openStore(t testing.TB, change func(*Options)) *Store {
	t.Helper()
	options := Options{Directory: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.UnixMilli(baseMs) }}
	if change != nil {
		change(&options)
	}
	s, err := Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

var libfoo = &engine.Mapping{FileID: "f00f", BuildID: "b01d", Path: "/usr/lib/libfoo.so"}

var libother = &engine.Mapping{FileID: "07e4", Path: "/usr/lib/libother.so"}

// frameOf reads "main" (Python), "[vfs_read]" (kernel), "0x1234" (native, in libfoo) and "other:0x1234".
func frameOf(text string) *engine.Frame {
	if function, kernel := strings.CutPrefix(text, "["); kernel {
		return &engine.Frame{Kind: engine.KindKernel, Function: strings.TrimSuffix(function, "]")}
	}
	file := libfoo
	if rest, other := strings.CutPrefix(text, "other:"); other {
		text, file = rest, libother
	}
	if hex, native := strings.CutPrefix(text, "0x"); native {
		address, err := strconv.ParseUint(hex, 16, 64)
		if err != nil {
			panic(err)
		}
		return &engine.Frame{Kind: engine.KindNative, Mapping: file, Address: address}
	}
	return &engine.Frame{Kind: engine.KindPython, Function: text, File: "/app/" + text + ".py", Line: 7, FunctionLine: 5}
}

func stackOf(path string) window.Stack {
	var frames []*engine.Frame
	for text := range strings.SplitSeq(path, ">") {
		frames = append(frames, frameOf(text))
	}
	slices.Reverse(frames)
	s := window.Stack{Frames: frames}
	h := keyHasher{}
	h.text(path)
	s.Hash = h.sum()
	return s
}

// windowOf makes a window from lines of "pid/thread root>leaf count".
func windowOf(service string, startMs int64, lines ...string) *window.Window {
	start := time.UnixMilli(startMs)
	w := &window.Window{
		Labels: []target.Label{{Name: "host", Value: "h"}, {Name: "service_name", Value: service}},
		Type:   window.CPU, Start: start, End: start.Add(stepMs * time.Millisecond), Period: period,
	}
	stacks, labels := map[string]uint32{}, map[string]uint32{}
	for _, text := range lines {
		fields := strings.Fields(text)
		if _, known := labels[fields[0]]; !known {
			labels[fields[0]] = uint32(len(labels))
			pid, thread, _ := strings.Cut(fields[0], "/")
			number, err := strconv.ParseUint(pid, 10, 32)
			if err != nil {
				panic(err)
			}
			w.SampleLabels = append(w.SampleLabels, window.SampleLabels{PID: uint32(number), Thread: thread})
		}
		if _, known := stacks[fields[1]]; !known {
			stacks[fields[1]] = uint32(len(stacks))
			w.Stacks = append(w.Stacks, stackOf(fields[1]))
		}
		n, err := strconv.ParseUint(fields[2], 10, 64)
		if err != nil {
			panic(err)
		}
		w.Counts = append(w.Counts, window.Count{Stack: stacks[fields[1]], Labels: labels[fields[0]], Count: n})
	}
	return w
}

func intervalOf(windows ...*window.Window) window.Interval {
	return window.Interval{Start: windows[0].Start, End: windows[0].End, Windows: windows}
}

func (s *Store) must(t testing.TB, windows ...*window.Window) {
	t.Helper()
	if err := s.Append(t.Context(), intervalOf(windows...), nil); err != nil {
		t.Fatal(err)
	}
}

func selection(selector string, startMs, endMs int64) Selection {
	return Selection{ProfileType: cpuType, Selector: selector, StartMs: startMs, EndMs: endMs}
}

// merged is the merge of a selection as pprof's own reader sees it.
func merged(t testing.TB, s *Store, of Selection) *profile.Profile {
	t.Helper()
	made, err := s.MergeProfile(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	return valid(t, made)
}

// valid checks a profile by pprof's own reader.
func valid(t testing.TB, made *googlev1.Profile) *profile.Profile {
	t.Helper()
	encoded, err := proto.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := profile.ParseData(encoded)
	if err == nil {
		err = parsed.CheckValid()
	}
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// folded is a profile as lines of "root>leaf counts", sorted; inlined lines are names of their own.
func folded(p *profile.Profile) string {
	var lines []string
	for _, sample := range p.Sample {
		var names []string
		for _, l := range slices.Backward(sample.Location) {
			for _, line := range slices.Backward(l.Line) {
				names = append(names, line.Function.Name)
			}
		}
		lines = append(lines, fmt.Sprintf("%s %d", strings.Join(names, ">"), sample.Value[0]/period))
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}
