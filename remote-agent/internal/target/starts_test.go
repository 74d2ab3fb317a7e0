package target

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// machine is one whose clock stands still until it is told to go on.
type machine struct {
	t          *testing.T
	proc       fakeProc
	containers *fakeContainers
	resolver   *Resolver
	engine     *EngineStarts
	starts     *Starts
	uptime     time.Duration
}

var (
	webID  = strings.Repeat("a1", 32)
	beatID = strings.Repeat("b2", 32)
)

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, proc: newFakeProc(t), uptime: 1000 * time.Second, containers: &fakeContainers{known: map[string]Container{
		webID: {ID: webID, Name: "web"}, beatID: {ID: beatID, Name: "beat"},
	}}}
	now := func() time.Time { return time.Unix(1_700_000_000, 0).Add(m.uptime) }
	m.resolver = newResolver(m.proc.root, "h", m.containers, now)
	m.begin()
	return m
}

// begin is what a start of the agent does.
func (m *machine) begin() {
	m.engine = &EngineStarts{}
	m.starts = newStarts(m.resolver, m.engine, "boot", func() (time.Duration, error) { return m.uptime, nil }, slog.New(slog.DiscardHandler))
}

// run adds a process of a container that starts now; id is "" for none.
func (m *machine) run(pid int, comm, id string) {
	m.t.Helper()
	cgroups := noCgroup
	if id != "" {
		cgroups = "0::/docker/" + id + "\n"
	}
	m.proc.add(pid, 0, int(ticksOf(m.uptime)), comm, "/usr/bin/"+comm, cgroups)
}

func (m *machine) after(d time.Duration) *machine {
	m.uptime += d
	return m
}

// expect looks, and wants starts as "service occurrence".
func (m *machine) expect(name string, want ...string) {
	m.t.Helper()
	next, found, err := m.starts.look(m.engine.take())
	if err != nil {
		m.t.Fatal(err)
	}
	m.starts.before = next
	m.engine.giveBack(next.open)
	var got []string
	for _, start := range found {
		got = append(got, Identity{Labels: start.Labels}.Service()+" "+start.Occurrence)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		m.t.Errorf("%s: %q, want %q", name, got, want)
	}
}

func TestStartsOfContainersAreToldOnce(t *testing.T) {
	m := newMachine(t)
	m.run(1, "systemd", "")
	m.run(10, "gunicorn", webID)
	m.after(2*time.Second).run(11, "gunicorn", webID)
	m.after(time.Second).run(20, "celery", beatID)
	m.after(time.Minute).expect("what runs", "web boot 100000", "beat boot 100300")
	m.after(5 * time.Second).expect("nothing new")
	m.proc.remove(11)
	m.run(12, "gunicorn", webID)
	m.run(13, "sh", webID)
	m.after(5 * time.Second).expect("another worker, and a command in it")

	m.proc.remove(20)
	m.run(21, "celery", beatID)
	m.after(5*time.Second).expect("a restart between two looks", "beat boot 107300")
	m.proc.remove(21)
	m.after(5 * time.Second).expect("it ended")
	m.run(22, "celery", beatID)
	m.after(5*time.Second).expect("a restart after a while", "beat boot 108300")

	m.begin()
	m.expect("another start of the agent", "web boot 100000", "beat boot 108300")
}

func TestStartsAreWhenTheFirstProcessWasMade(t *testing.T) {
	m := newMachine(t)
	m.run(10, "gunicorn", webID)
	want := m.resolver.now()
	_, found, err := m.after(time.Hour).starts.look(nil)
	if err != nil || len(found) != 1 || !found[0].At.Equal(want) || found[0].ContainerID != webID {
		t.Errorf("%+v, %v, want one at %v", found, err, want)
	}
}

func TestStartsWaitForTheRuntimeAndTheEngine(t *testing.T) {
	m := newMachine(t)
	m.expect("nothing")
	m.after(10*time.Second).run(10, "runc", webID)
	m.after(10 * time.Millisecond).expect("being made")
	m.proc.remove(10)
	m.run(12, "gunicorn", webID)
	m.after(5*time.Second).expect("made", "web boot 101001")

	delete(m.containers.known, beatID)
	m.run(20, "celery", beatID)
	m.after(5 * time.Second).expect("no engine knows it")
	m.after(15 * time.Second).expect("no engine knows it yet")
	m.containers.known[beatID] = Container{ID: beatID, Name: "beat", Incomplete: true}
	m.after(time.Second).expect("the engine looks at its image")
	m.containers.known[beatID] = Container{ID: beatID, Name: "beat"}
	m.after(time.Second).expect("the engine knows it", "beat boot 101501")

	unknown := strings.Repeat("c3", 32)
	m.run(30, "redis", unknown)
	m.after(5 * time.Second).expect("an engine may tell")
	m.after(provisionalInterval).expect("none does", "redis boot 103701")
	m.after(5 * time.Second).expect("told")
}

func TestStartsAreNoneOfWhatOutlivesTheFirst(t *testing.T) {
	m := newMachine(t)
	m.run(9, monitorComm, webID)
	m.run(10, "sh", webID)
	m.run(11, "gunicorn", webID)
	m.after(time.Minute).expect("of one tick", "web boot 100000")
	m.proc.remove(10)
	m.run(12, "gunicorn", webID)
	m.after(5 * time.Second).expect("the first has ended, the second goes on")
	m.after(5 * time.Second).expect("nothing new")
}

func TestStartsAreOfWhatPeopleRun(t *testing.T) {
	m := newMachine(t)
	inner := strings.Repeat("c3", 32)
	m.containers.known[beatID] = Container{ID: beatID, Name: sandboxName, Pod: "shop"}
	if err := m.resolver.SetNaming(Naming{RelabelConfigs: "[{source_labels: [container], regex: secret, action: drop}]"}); err != nil {
		t.Fatal(err)
	}
	secretID := strings.Repeat("d4", 32)
	m.containers.known[secretID] = Container{ID: secretID, Name: "secret"}
	m.run(10, "dockerd", webID)
	m.run(11, "pause", beatID)
	m.run(12, "vault", secretID)
	m.after(time.Minute).expect("no sandbox of a pod, nothing that rules drop", "web boot 100000")
	m.proc.add(13, 0, int(ticksOf(m.uptime)), "sh", "/bin/sh", "0::/docker/"+webID+"/docker/"+inner+"\n")
	m.after(5 * time.Second).expect("a container in a container that is known")
}

func TestStartsThatAreNotKeptAreToldAgain(t *testing.T) {
	m := newMachine(t)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	m.starts.Run(ctx, func(_ context.Context, found []ContainerStart) error {
		calls++
		cancel()
		if len(found) != 0 {
			t.Errorf("found %+v where nothing runs", found)
		}
		return errors.New("the disk is full")
	})
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
	m.run(10, "gunicorn", webID)
	m.after(time.Minute).expect("after it failed", "web boot 100000")
}
