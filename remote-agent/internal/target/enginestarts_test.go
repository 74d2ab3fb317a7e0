package target

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/events"
)

// tell has the engine tell of a start now, and returns its occurrence if no look sees the container.
func (m *machine) tell(id string) string {
	at := m.resolver.now()
	m.engine.note(events.Message{
		Type: events.ContainerEventType, Action: events.ActionStart, TimeNano: at.UnixNano(),
		Actor: events.Actor{ID: id, Attributes: map[string]string{"name": "any"}},
	}, at)
	return fmt.Sprintf("boot at %d", at.UnixNano())
}

func TestStartsBetweenTwoLooksTheEngineTells(t *testing.T) {
	m := newMachine(t)
	m.expect("nothing")
	m.run(10, "sh", webID)
	told := m.after(200 * time.Millisecond).tell(webID)
	m.proc.remove(10)
	m.after(300 * time.Millisecond).expect("it may be one that no look can judge yet")
	m.after(5*time.Second).expect("it lived for less than a look", "web "+told)
	m.after(5 * time.Second).expect("told once")

	first := m.tell(webID)
	second := m.after(2 * time.Second).tell(webID)
	m.after(3*time.Second).run(11, "sh", webID)
	m.after(100 * time.Millisecond).tell(webID)
	m.after(5*time.Second).expect("it fails twice, and goes on then", "web "+first, "web "+second, "web boot 101550")
	m.after(5 * time.Second).expect("nothing new")
}

func TestStartsThatALookSeesAreNotToldTwice(t *testing.T) {
	m := newMachine(t)
	m.expect("nothing")
	m.run(10, "gunicorn", webID)
	m.after(150 * time.Millisecond).tell(webID)
	m.after(500 * time.Millisecond).expect("too young")
	m.after(5*time.Second).expect("it runs", "web boot 100000")
	m.proc.remove(10)
	m.after(5 * time.Second).expect("it has ended")

	// By the clock the event came first.
	m.tell(beatID)
	m.after(100*time.Millisecond).run(20, "celery", beatID)
	m.after(5*time.Second).expect("clocks that are not read at once", "beat boot 101075")

	// A stream that broke off: the engine tells late of what two looks saw, and of what none did.
	again := m.resolver.now().Add(5 * time.Second)
	m.after(5*time.Second).run(11, "gunicorn", webID)
	m.after(5*time.Second).expect("a third", "web boot 102075")
	m.proc.remove(11)
	m.after(5 * time.Second).expect("ended")
	missed := m.resolver.now().Add(-2 * time.Second)
	m.engine.giveBack([]engineStart{{webID, again.Add(100 * time.Millisecond)}, {webID, missed}})
	m.after(5*time.Second).expect("told late", fmt.Sprintf("web boot at %d", missed.UnixNano()))
}

func TestStartsThatTheEngineTellsWaitForNames(t *testing.T) {
	m := newMachine(t)
	m.containers.known[webID] = Container{ID: webID, Name: "web", Incomplete: true}
	told := m.tell(webID)
	m.after(5 * time.Second).expect("the engine looks at its image")
	m.containers.known[webID] = Container{ID: webID, Name: "web"}
	m.after(5*time.Second).expect("named", "web "+told)

	m.containers.known[webID] = Container{ID: webID, Name: "web", Incomplete: true}
	told = m.tell(webID)
	m.after(provisionalInterval).expect("the engine does not say", "web "+told)
}

func TestStartsThatTheEngineTellsAreOfWhatPeopleRun(t *testing.T) {
	m := newMachine(t)
	if err := m.resolver.SetNaming(Naming{RelabelConfigs: "[{source_labels: [container], regex: web, action: drop}]"}); err != nil {
		t.Fatal(err)
	}
	m.containers.known[beatID] = Container{ID: beatID, Name: sandboxName, Pod: "shop"}
	m.tell(webID)
	m.tell(beatID)
	m.after(5 * time.Second).expect("no sandbox of a pod, nothing that rules drop")
}

func TestStartsThatTheEngineTellsAreBounded(t *testing.T) {
	m := newMachine(t)
	for range maxEngineStarts + 3 {
		m.after(time.Millisecond).tell(webID)
	}
	if lost := m.engine.Lost(); lost != 3 {
		t.Errorf("%d lost, want 3", lost)
	}
	kept := m.engine.take()
	m.tell(webID)
	m.engine.giveBack(kept)
	if lost := m.engine.Lost(); lost != 4 {
		t.Errorf("%d lost, want 4", lost)
	}
	_, found, err := m.after(5 * time.Second).starts.look(m.engine.take())
	if err != nil || len(found) != maxEngineStarts || !slices.IsSortedFunc(found, func(a, b ContainerStart) int { return a.At.Compare(b.At) }) {
		t.Errorf("%d starts, %v", len(found), err)
	}
}

func TestStartsThatTheEngineTellsStayWhereTheyAreNotKept(t *testing.T) {
	m := newMachine(t)
	told := m.tell(webID)
	m.after(5 * time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	m.starts.Run(ctx, func(context.Context, []ContainerStart) error {
		cancel()
		return errors.New("the disk is full")
	})
	m.expect("after it failed", "web "+told)
}

func TestDockerTellsOfStartsAlsoWhereItWasStartedAnew(t *testing.T) {
	id := strings.Repeat("b2", 32)
	path := filepath.Join(t.TempDir(), "docker.sock")
	server := startFakeDocker(t, path)
	docker := NewDocker("unix://"+path, slog.New(slog.DiscardHandler))
	starts := docker.Starts()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		docker.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	eventually(t, "Docker is reachable", func() bool { return docker.Status().Reachable })
	at := time.Now().Add(-time.Minute).UnixNano()
	action := func(action string, nanos int64) map[string]any {
		return map[string]any{
			"Type": "container", "Action": action, "timeNano": nanos,
			"Actor": map[string]any{"ID": id, "Attributes": map[string]string{"name": "job", "image": "job:2"}},
		}
	}
	server.send(action("create", at-1))
	server.send(action("start", at))
	server.send(action("exec_start: sh", at+1))
	server.send(action("die", at+2))
	heard := func() (found []int64) {
		for _, start := range starts.take() {
			if start.containerID != id {
				t.Errorf("a start of %s", start.containerID)
			}
			if found, known := docker.Lookup(start.containerID); !known || found.Incomplete {
				t.Errorf("told before the engine said what %s is", start.containerID)
			}
			found = append(found, start.at.UnixNano())
		}
		return found
	}
	var got []int64
	eventually(t, "the start is heard", func() bool { got = append(got, heard()...); return len(got) > 0 })
	eventually(t, "the end is heard", func() bool { return starts.since() == fmt.Sprintf("%d.%09d", (at+3)/1e9, (at+3)%1e9) })
	if !slices.Equal(got, []int64{at}) {
		t.Errorf("starts at %d, want %d", got, at)
	}

	if err := server.server.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end is noticed", func() bool { return !docker.Status().Reachable })
	anew := startFakeDocker(t, path, action("start", at+10), action("die", at+11), action("start", at+12))
	got = nil
	eventually(t, "what happened meanwhile is heard", func() bool { got = append(got, heard()...); return len(got) > 1 })
	if !slices.Equal(got, []int64{at + 10, at + 12}) {
		t.Errorf("starts at %d, want %d", got, []int64{at + 10, at + 12})
	}
	anew.mu.Lock()
	defer anew.mu.Unlock()
	if want := fmt.Sprintf("%d.%09d", (at+3)/1e9, (at+3)%1e9); !slices.Equal(anew.since, []string{want}) {
		t.Errorf("asked for events since %q, want %s", anew.since, want)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if !slices.Equal(server.since, []string{""}) {
		t.Errorf("asked for events since %q at first", server.since)
	}
}
