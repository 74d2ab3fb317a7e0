package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/target"
)

func startOf(container string, occurrence, atMs int64, service string) target.ContainerStart {
	return target.ContainerStart{
		ContainerID: container, Occurrence: fmt.Sprint("boot ", occurrence), At: time.UnixMilli(atMs),
		Labels: []target.Label{{Name: "container", Value: container}, {Name: "service_name", Value: service}},
	}
}

func (s *Store) mustAddStarts(t *testing.T, lookedAtMs int64, starts ...target.ContainerStart) {
	t.Helper()
	if err := s.AddContainerStarts(t.Context(), time.UnixMilli(lookedAtMs), starts); err != nil {
		t.Fatal(err)
	}
}

// expectStarts wants starts as "container +ms since baseMs", with "again" where it is so.
func (s *Store) expectStarts(t *testing.T, selector string, within Range, knownFromMs int64, want ...string) {
	t.Helper()
	found, knownFrom, err := s.ContainerStarts(t.Context(), selector, within)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, start := range found {
		text := fmt.Sprintf("%s %+d", start.ContainerID, start.AtMs-baseMs)
		if start.Again {
			text += " again"
		}
		got = append(got, text)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") || knownFrom != knownFromMs {
		t.Errorf("%s: %q, known from %d, want %q, %d", selector, got, knownFrom, want, knownFromMs)
	}
}

var anyTime = Range{StartMs: 1, EndMs: 1 << 60}

func TestContainerStartsAreKeptOnce(t *testing.T) {
	directory := t.TempDir()
	open := func() *Store { return openStore(t, func(o *Options) { o.Directory = directory }) }
	s := open()
	s.expectStarts(t, "{}", anyTime, 0)
	s.mustAddStarts(t, baseMs+1)
	s.expectStarts(t, "{}", anyTime, baseMs+1)
	s.mustAddStarts(t, baseMs+2, startOf("web-1", 7, baseMs, "web"), startOf("beat", 8, baseMs+5, "beat"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	// Another agent, whose clock was set since.
	s.mustAddStarts(t, baseMs+3, startOf("web-1", 7, baseMs+900, "web"), startOf("web-1", 9, baseMs+1000, "web"))
	s.expectStarts(t, "{}", anyTime, baseMs+1, "web-1 +0", "beat +5", "web-1 +1000 again")
	s.expectStarts(t, `{service_name="web"}`, anyTime, baseMs+1, "web-1 +0", "web-1 +1000 again")
	s.expectStarts(t, `{service_name=~"b.*",pyrometer_origin=""}`, anyTime, baseMs+1, "beat +5")
	s.expectStarts(t, `{pid="7"}`, anyTime, baseMs+1)
	s.expectStarts(t, "{}", Range{StartMs: baseMs + 5, EndMs: baseMs + 1000}, baseMs+1, "beat +5")
	if _, _, err := s.ContainerStarts(t.Context(), "{", anyTime); err == nil {
		t.Error("a selector that cannot be read was read")
	}
}

func TestContainerStartsAreBounded(t *testing.T) {
	s := openStore(t, nil)
	starts := make([]target.ContainerStart, maxContainerStarts+3)
	for i := range starts {
		starts[i] = startOf("crashing", int64(i), baseMs+int64(i), "web")
	}
	s.mustAddStarts(t, baseMs, starts...)
	s.mustCount(t, "SELECT count(*) FROM container_start", maxContainerStarts)
	s.mustCount(t, "SELECT min(at_ms) FROM container_start", baseMs+3)
	found, _, err := s.ContainerStarts(t.Context(), "{}", anyTime)
	if err != nil || len(found) != maxToldStarts || found[maxToldStarts-1].AtMs != baseMs+maxContainerStarts+2 {
		t.Errorf("%d starts, %v", len(found), err)
	}
}

func TestContainerStartsGoWithTheirHour(t *testing.T) {
	nowMs := int64(baseMs + 3*hourMs)
	s := openStore(t, func(o *Options) {
		o.MaxAge, o.Now = 2*time.Hour, func() time.Time { return time.UnixMilli(nowMs) }
	})
	s.must(t, windowOf("web", baseMs, "1/a main>x 1"), windowOf("web", nowMs, "1/a main>x 1"))
	s.mustAddStarts(t, nowMs, startOf("web-1", 7, baseMs, "web"), startOf("web-1", 8, nowMs, "web"))
	if err := s.Retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.expectStarts(t, "{}", anyTime, nowMs, fmt.Sprintf("web-1 %+d again", 3*hourMs))
}
