package target

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

// noServices is for tests that choose none.
type noServices struct{}

func (noServices) ServiceOf(uint32) (string, bool) { return "", true }

func TestSelectorFollowsChosenContainers(t *testing.T) {
	web, beat := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	proc := newFakeProc(t)
	proc.add(10, 0, 1, "web", "", "0::/docker/"+web+"\n")
	proc.add(11, 0, 1, "web", "", "0::/docker/"+web+"\n")
	proc.add(12, 0, 1, "beat", "", "0::/docker/"+beat+"\n")
	proc.add(13, 0, 1, "sshd", "", noCgroup)
	var applied []Chosen
	selector := newSelector(proc.root, noServices{}, func(chosen Chosen) error {
		applied = append(applied, chosen)
		return nil
	}, slog.New(slog.DiscardHandler))
	expect := func(name string, everything bool, pids ...uint32) {
		t.Helper()
		if len(applied) != 1 || applied[0].Everything != everything || !slices.Equal(applied[0].PIDs, pids) {
			t.Errorf("%s: applied %+v, want once everything=%v %v", name, applied, everything, pids)
		}
		applied = nil
	}
	choose := func(containers []string, pids ...uint32) {
		t.Helper()
		if err := selector.Select(context.Background(), Choice{ContainerIDs: containers, PIDs: pids}); err != nil {
			t.Fatal(err)
		}
	}
	follow := func() {
		t.Helper()
		if err := selector.follow(); err != nil {
			t.Fatal(err)
		}
	}
	choose(nil)
	expect("everything", true)
	choose([]string{web}, 13, 11)
	expect("a container and processes", false, 10, 11, 13)
	follow()
	if len(applied) != 0 {
		t.Errorf("nothing changed, applied %+v", applied)
	}
	proc.add(20, 0, 2, "web", "", "0::/docker/"+web+"\n")
	proc.remove(10)
	follow()
	expect("one came, one went", false, 11, 13, 20)
	choose([]string{strings.Repeat("f0", 32)})
	expect("a container that is not there yet", false)
	choose(nil, 4711)
	expect("a process that is not there yet", false, 4711)
	choose(nil)
	expect("everything again", true)
	follow()
	if len(applied) != 0 {
		t.Errorf("nothing to follow, applied %+v", applied)
	}
}

func TestSelectorTellsOfARefusal(t *testing.T) {
	refusal := errors.New("no room")
	selector := newSelector(newFakeProc(t).root, noServices{}, func(Chosen) error { return refusal }, slog.New(slog.DiscardHandler))
	if err := selector.Select(context.Background(), Choice{PIDs: []uint32{1}}); !errors.Is(err, refusal) {
		t.Errorf("Select = %v, want the refusal", err)
	}
	// It was not applied, so the next try is no repetition.
	if err := selector.Select(context.Background(), Choice{PIDs: []uint32{1}}); !errors.Is(err, refusal) {
		t.Errorf("Select again = %v, want the refusal", err)
	}
}

// TestSelectorFollowsServices: a container that is made anew under the same name stays chosen, also when its engine tells of it late.
func TestSelectorFollowsServices(t *testing.T) {
	first, second := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	proc, containers := newFakeProc(t), &fakeContainers{known: map[string]Container{first: {ID: first, Name: "web"}}}
	proc.add(10, 0, 1, "python", "/usr/bin/python3", "0::/docker/"+first+"\n")
	proc.add(13, 0, 1, "sshd", "/usr/sbin/sshd", noCgroup)
	resolver := newResolver(proc.root, "h", containers, time.Now)
	var applied []uint32
	selector := newSelector(proc.root, resolver, func(chosen Chosen) error {
		applied = chosen.PIDs
		return nil
	}, slog.New(slog.DiscardHandler))
	expect := func(name string, pids ...uint32) {
		t.Helper()
		if err := selector.follow(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(applied, pids) {
			t.Errorf("%s: %v, want %v", name, applied, pids)
		}
	}
	if err := selector.Select(context.Background(), Choice{Services: []string{"web"}, PIDs: []uint32{13}}); err != nil {
		t.Fatal(err)
	}
	expect("a service and a process", 10, 13)
	for range 2 * youngScans {
		expect("again", 10, 13)
	}
	proc.remove(10)
	proc.add(20, 0, 2, "runc", "/usr/bin/runc", noCgroup) // on its way into the container
	expect("gone", 13)
	proc.remove(20)
	proc.add(20, 0, 2, "python", "/usr/bin/python3", "0::/docker/"+second+"\n")
	expect("in a container that the engine has not told of", 13)
	for range 2 * youngScans {
		expect("still not told of", 13)
	}
	containers.known[second] = Container{ID: second, Name: "web"}
	expect("made anew", 13, 20)
	if err := resolver.SetNaming(Naming{LeadingSlash: true}); err != nil {
		t.Fatal(err)
	}
	for range forgetScans {
		if err := selector.follow(); err != nil {
			t.Fatal(err)
		}
	}
	expect("services have other names", 13)
	if chosen := selector.Selected(); !slices.Equal(chosen.Services, []string{"web"}) {
		t.Errorf("%+v", chosen)
	}
}
