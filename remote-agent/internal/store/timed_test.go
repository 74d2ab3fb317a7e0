package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/timed"
)

func TestTimedProfileIsOnePprof(t *testing.T) {
	const start = baseMs * int64(time.Millisecond)
	frames := []*engine.Frame{frameOf("0x1234"), frameOf("0x5678"), frameOf("main"), frameOf("[vfs_read]")}
	taken := &timed.Taken{
		Start: start, End: start + 2e9, Stacks: [][]*engine.Frame{{frames[3], frames[0], frames[2]}, {frames[1], frames[2]}},
		Threads: []string{"a", "b\xff"}, Services: []string{"web"},
	}
	const samples = 2*timedPart + 1
	for i := range int64(samples) {
		taken.Samples = append(taken.Samples, timed.Sample{
			TimeNs: start + i, PeriodNs: period, PID: 7, TID: 8, CPU: 3, Stack: uint32(i % 2), Thread: uint32(i % 2),
		})
	}
	names := func(mapping *engine.Mapping, address uint64) []symbol.Line {
		if mapping != libfoo || address != 0x1234 {
			return nil
		}
		return []symbol.Line{{Function: "inlined", SystemName: "inlined"}, {Function: "parse", SystemName: "_parse", File: "foo.c", Line: 7}}
	}
	var whole []byte
	parts := 0
	err := TimedProfile(taken, names, func(part []byte) error {
		parts++
		whole = append(whole, part...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := profile.ParseData(whole)
	if err != nil {
		t.Fatal(err)
	}
	if parts != 4 || len(parsed.Sample) != samples || parsed.TimeNanos != start || parsed.DurationNanos != 2e9 || parsed.Period != period {
		t.Errorf("%d parts, %d samples, %v", parts, len(parsed.Sample), parsed)
	}
	said := func(sample *profile.Sample) string {
		var text string
		for _, location := range sample.Location {
			for _, line := range location.Line {
				text += line.Function.Name + ";"
			}
		}
		return fmt.Sprintf("%s %v %v %v %v %v %v %v %v", text, sample.Value, sample.NumLabel[LabelTime], sample.NumUnit[LabelTime],
			sample.NumLabel[LabelPID], sample.NumLabel[LabelTID], sample.NumLabel[LabelCPU], sample.Label[LabelThread], sample.Label["service_name"])
	}
	for i, want := range []string{
		fmt.Sprintf("vfs_read;inlined;parse;main; [1 %d] [%d] [nanoseconds] [7] [8] [3] [a] [web]", period, start),
		fmt.Sprintf("libfoo.so+0x5678;main; [1 %d] [%d] [nanoseconds] [7] [8] [3] [b\uFFFD] [web]", period, start+1),
	} {
		if got := said(parsed.Sample[i]); got != want {
			t.Errorf("sample %d = %s\nwant %s", i, got, want)
		}
	}
	if last := parsed.Sample[samples-1].NumLabel[LabelTime][0]; last != start+samples-1 {
		t.Errorf("the last is of %d", last-start)
	}
}

func TestTimedProfileWithoutSamples(t *testing.T) {
	var whole []byte
	err := TimedProfile(&timed.Taken{Start: 1e18, End: 1e18 + 1e9}, nil, func(part []byte) error {
		whole = append(whole, part...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err := profile.ParseData(whole); err != nil || len(parsed.Sample) != 0 || parsed.DurationNanos != 1e9 {
		t.Errorf("%v, %v", parsed, err)
	}
}

func TestSampleMatcher(t *testing.T) {
	service := []target.Label{{Name: "host", Value: "h"}, {Name: "service_name", Value: "web"}}
	for selector, want := range map[string]bool{
		`{}`:                                   true,
		`{service_name="web"}`:                 true,
		`{service_name="db"}`:                  false,
		`{service_name="web",pid="7"}`:         true,
		`{service_name="web",thread=~"x.*"}`:   false,
		`{pyrometer_origin=""}`:                true,
		`{__profile_type__="` + cpuType + `"}`: true,
	} {
		wants, err := SampleMatcher(selector)
		if err != nil {
			t.Fatal(err)
		}
		if got := wants(service, 7, "worker"); got != want {
			t.Errorf("%s = %v", selector, got)
		}
	}
	if _, err := SampleMatcher("{x"); !errors.Is(err, ErrBadQuery) {
		t.Errorf("a bad one: %v", err)
	}
}
