//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/keeper"
	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/privilege"
)

// leased is an agent under test that a recording started, with a folder as the app makes it.
type leased struct {
	directory, uploads string
	places
}

func newLeased(t *testing.T) *leased {
	t.Helper()
	directory := placeForAgent(t)
	l := &leased{
		directory: directory, uploads: filepath.Join(directory, "cache/pyrometer/agent"),
		places: places{store: filepath.Join(directory, "store"), runDirectory: filepath.Join(directory, "run")},
	}
	version := filepath.Join(l.uploads, "0.1.0-0123456789ab")
	if err := os.MkdirAll(version, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pyrometer-agent", "pyrometer-agent.part-cut"} {
		if err := os.WriteFile(filepath.Join(version, name), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { call(t, l.here("remove", "--force")...) })
	return l
}

func (l *leased) here(arguments ...string) []string {
	return append(arguments, "--store", l.store, "--run-dir", l.runDirectory)
}

// start starts an agent whose lease nobody renews.
func (l *leased) start(t *testing.T, lease, keep time.Duration) outcome {
	t.Helper()
	return expect(t, stateProfiling, exitOK, l.here("start", "--uid", "4242", "--window", "1s",
		"--lease", lease.String(), "--keep", keep.String(), "--upload-dir", l.uploads)...)
}

// expectKept waits until the agent keeps its windows.
func (l *leased) expectKept(t *testing.T) {
	t.Helper()
	eventually(t, "the agent is kept", func() bool {
		found, err := readRecord(l.runDirectory)
		return err == nil && found.State == stateKept
	})
}

// expectGone waits until nothing of the agent is there, not even its keeper.
func (l *leased) expectGone(t *testing.T, pids ...int) {
	t.Helper()
	eventually(t, "nothing is left", func() bool {
		left, err := os.ReadDir(l.directory)
		return err == nil && len(left) == 0
	})
	for _, pid := range pids {
		eventually(t, fmt.Sprintf("process %d ends", pid), func() bool { return over(t, pid) })
	}
}

// over says whether a process has ended; one of this test's is a zombie then.
func over(t *testing.T, pid int) bool {
	t.Helper()
	state := statusOf(t, pid)["State"]
	return state == "" || state == "Z (zombie)"
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !condition(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestWindowsOfARecordingThatNobodyRenewsAreKeptAndThenRemoved(t *testing.T) {
	l := newLeased(t)
	first := l.start(t, minLease, time.Hour)
	programs := programsOf(t, first.PID)
	if len(programs) < 10 {
		t.Fatalf("an agent that samples holds the programs %v", programs)
	}
	keeperPID := childOf(t, first.PID)
	l.expectKept(t)

	// Nothing is left in the kernel.
	for _, link := range openFiles(t, first.PID) {
		if strings.Contains(link, "bpf") || strings.Contains(link, "perf_event") {
			t.Errorf("the kept agent has %s open", link)
		}
	}
	for _, id := range programs {
		eventually(t, fmt.Sprintf("program %d is unloaded", id), func() bool {
			program, err := ebpf.NewProgramFromID(id)
			if err == nil {
				program.Close()
			}
			return errors.Is(err, os.ErrNotExist)
		})
	}
	l.expectReadable(t)
	if code, out, said := call(t, l.here("status")...); code != exitOK ||
		!strings.Contains(out, "Nobody renewed this recording since") || !strings.Contains(out, "then everything is removed.") {
		t.Errorf("status = %d, %s%s", code, out, said)
	}

	// A start goes on with what is stored, and its keeper takes over.
	second := l.start(t, time.Hour, 3*time.Second)
	if second.PID == first.PID {
		t.Error("the kept agent was not replaced")
	}
	eventually(t, "the first keeper ends", func() bool { return over(t, keeperPID) })
	l.expectServices(t)

	// kill -9 while it is held: what it stored stays for a while, and goes.
	keeperPID = childOf(t, second.PID)
	if err := syscall.Kill(second.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	expectNoSockets(t, l.runDirectory)
	// Its files are closed, which its keeper hears of, before it is over.
	eventually(t, "the agent is over", func() bool { return over(t, second.PID) })
	if _, err := os.Stat(filepath.Join(l.store, "profiles.db")); err != nil {
		t.Errorf("the store of an agent that was killed: %v", err)
	}
	if code, out, _ := call(t, l.here("status")...); code != exitNotRunning || !strings.Contains(out, "everything is removed 3s after its end") {
		t.Errorf("status = %d, %s", code, out)
	}
	l.expectGone(t, second.PID, keeperPID)
}

func TestAKeptAgentRemovesItselfAtItsTime(t *testing.T) {
	l := newLeased(t)
	started := l.start(t, minLease, 2*time.Second)
	keeperPID := childOf(t, started.PID)
	l.expectGone(t, started.PID, keeperPID)
	expect(t, stateStopped, exitNotRunning, l.here("status", "--json")...)
}

func TestAKeptAgentThatIsKilledIsRemovedAtItsTime(t *testing.T) {
	l := newLeased(t)
	started := l.start(t, minLease, 8*time.Second)
	keeperPID := childOf(t, started.PID)
	l.expectKept(t)
	if err := syscall.Kill(started.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	expectNoSockets(t, l.runDirectory)
	if _, err := os.Stat(filepath.Join(l.store, "profiles.db")); err != nil {
		t.Errorf("the store: %v", err)
	}
	l.expectGone(t, started.PID, keeperPID)
}

// TestWhatIsTakenOverStays: a keeper removes nothing that belongs to a later agent, also when that one has been stopped.
func TestWhatIsTakenOverStays(t *testing.T) {
	l := newLeased(t)
	first := l.start(t, time.Hour, 12*time.Second)
	keeperPID := childOf(t, first.PID)
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	expectNoSockets(t, l.runDirectory)
	eventually(t, "the agent is over", func() bool { return over(t, first.PID) })
	// What the app reads where a machine went down.
	noted := filepath.Join(l.store, recordingFileName)
	if text, err := os.ReadFile(noted); err != nil || string(text) != "12\n" {
		t.Errorf("what is noted of a recording = %q, %v", text, err)
	}
	// One that fails takes nothing over.
	if code, out, _ := call(t, l.here("start", "--uid", "4242", "--ingest-listen", "192.0.2.1:1")...); code != exitFailure {
		t.Errorf("a start that cannot succeed = %d, %s", code, out)
	}
	if over(t, keeperPID) {
		t.Error("an agent that failed has taken over")
	}
	expect(t, stateProfiling, exitOK, l.here("start", "--uid", "4242", "--window", "1s")...)
	eventually(t, "the first keeper ends", func() bool { return over(t, keeperPID) })
	if _, err := os.Stat(noted); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a continuous agent is noted as a recording: %v", err)
	}
	expect(t, stateStopped, exitOK, l.here("stop")...)
	time.Sleep(13 * time.Second) // the first one's time comes
	if _, err := os.Stat(filepath.Join(l.store, "profiles.db")); err != nil {
		t.Errorf("the store of the agent that took over: %v", err)
	}
}

// expectReadable asks a kept agent for all that it still answers, and for what it has to refuse.
func (l *leased) expectReadable(t *testing.T) {
	t.Helper()
	l.expectServices(t)
	agent, err := dialAgent(l.places)
	if err != nil {
		t.Fatal(err)
	}
	answered, err := agent.GetStatus(t.Context(), connect.NewRequest(&agentv1.GetStatusRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	status := answered.Msg.GetStatus()
	if left := status.GetRemovalAt() - status.GetTime(); status.GetState() != agentv1.State_STATE_KEPT || left <= 0 || left > time.Hour.Milliseconds() ||
		status.GetUnrenewedSince() == 0 || status.GetWindowClosesAt() != 0 || !strings.HasPrefix(status.GetMessage(), "Nobody renewed") {
		t.Errorf("status = %v", status)
	}
	counted := func(name string) bool {
		return slices.ContainsFunc(status.GetCounters(), func(counter *agentv1.Counter) bool {
			return counter.GetName() == name && counter.GetValue() > 0
		})
	}
	if !counted("samples.ticks") || !counted("samples.delivered") {
		t.Errorf("counters = %v", status.GetCounters())
	}
	_, renewal := agent.RenewLease(t.Context(), connect.NewRequest(&agentv1.RenewLeaseRequest{Holder: "late", Seconds: 30}))
	_, sampling := agent.SetSampling(t.Context(), connect.NewRequest(&agentv1.SetSamplingRequest{RateHz: 199}))
	_, selection := agent.SetSelection(t.Context(), connect.NewRequest(&agentv1.SetSelectionRequest{Pids: []uint32{1}}))
	for what, refused := range map[string]error{"a renewal": renewal, "another rate": sampling, "a selection": selection} {
		if connect.CodeOf(refused) != connect.CodeFailedPrecondition || !strings.Contains(refused.Error(), "start it again") {
			t.Errorf("%s of a kept agent: %v", what, refused)
		}
	}
	if !strings.Contains(fmt.Sprint(renewal), lease.ErrKept.Error()) {
		t.Errorf("renewal: %v", renewal)
	}
	if _, err := agent.ListProcesses(t.Context(), connect.NewRequest(&agentv1.ListProcessesRequest{})); err != nil {
		t.Errorf("processes: %v", err)
	}
	if _, err := agent.SetBudget(t.Context(), connect.NewRequest(&agentv1.SetBudgetRequest{MachinePercent: 2})); err != nil {
		t.Errorf("budget: %v", err)
	}
}

// expectServices looks whether windows of the last minutes can be read.
func (l *leased) expectServices(t *testing.T) {
	t.Helper()
	agent, err := dialAgent(l.places)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	services, err := agent.ListServices(t.Context(), connect.NewRequest(&agentv1.ListServicesRequest{
		Start: now.Add(-10 * time.Minute).UnixMilli(), End: now.UnixMilli(),
	}))
	if err != nil || len(services.Msg.GetServices()) == 0 {
		t.Fatalf("services = %v, %v", services, err)
	}
}

// programsOf are the ids of the BPF programs that a process holds.
func programsOf(t *testing.T, pid int) (ids []ebpf.ProgramID) {
	t.Helper()
	descriptors, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, descriptor := range descriptors {
		content, err := os.ReadFile(descriptor)
		if err != nil {
			continue // closed meanwhile
		}
		for line := range strings.Lines(string(content)) {
			if text, ok := strings.CutPrefix(line, "prog_id:"); ok {
				id, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, ebpf.ProgramID(id))
			}
		}
	}
	return ids
}

// TestKeeperRemovesWithWhatItKept: the rights that a keeper kept are enough for all that is to be removed, also a mount, and are more
// only where there is one.
func TestKeeperRemovesWithWhatItKept(t *testing.T) {
	inOwnMounts(t, func(t *testing.T) {
		withoutTracefs()
		directory := t.TempDir()
		chosen := &options{places: places{store: filepath.Join(directory, "store"), runDirectory: filepath.Join(directory, "run")}, keep: time.Hour}
		for _, made := range []string{chosen.store, chosen.runDirectory} {
			if err := os.Mkdir(made, 0o700); err != nil {
				t.Error(err)
				return
			}
		}
		if mounted, err := privilege.MountTracefs(); err != nil || !mounted {
			t.Errorf("MountTracefs = %v, %v", mounted, err)
			return
		}
		err := errors.Join(noteMount(chosen.runDirectory),
			os.WriteFile(filepath.Join(chosen.store, "profiles.db"), nil, 0o600), os.Chown(chosen.store, 61999, 61999), os.Chmod(chosen.store, 0o700),
			os.WriteFile(filepath.Join(chosen.runDirectory, lockFileName), nil, 0o600))
		if err != nil {
			t.Error(err)
			return
		}
		kept, err := startKeeper(chosen)
		if err != nil {
			t.Error(err)
			return
		}
		if err := kept.Tell(t.Context(), keeper.Plan{Remove: true, At: lease.Boottime()}); err != nil {
			t.Error(err)
		}
		want := fmt.Sprintf("%016x", uint64(privilege.SetOf(unix.CAP_DAC_OVERRIDE, unix.CAP_SYS_ADMIN)))
		if status := statusOf(t, kept.process.Pid); status["CapEff"] != want || status["CapBnd"] != want || status["Seccomp"] != "2" {
			t.Errorf("the keeper of an agent that mounted tracefs has %s, seccomp %s", status["CapEff"], status["Seccomp"])
		}
		if err := errors.Join(kept.alive.Close(), kept.Close()); err != nil {
			t.Error(err)
		}
		if state, err := kept.process.Wait(); err != nil || !state.Success() {
			t.Errorf("the keeper ended with %v, %v", state, err)
		}
		if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
			t.Errorf("left = %v, %v", left, err)
		}
		if _, err := os.Stat(filepath.Join(privilege.TracefsPath, "events")); err == nil {
			t.Error("tracefs is still mounted")
		}
	})
}

func TestUploadsAreRemovedWithoutFollowingLinks(t *testing.T) {
	directory, elsewhere := t.TempDir(), t.TempDir()
	victim := filepath.Join(elsewhere, "pyrometer-agent")
	uploads := filepath.Join(directory, "cache/pyrometer/agent")
	version := filepath.Join(uploads, "0.1.0-0")
	err := errors.Join(os.MkdirAll(version, 0o700), os.WriteFile(victim, nil, 0o600),
		os.WriteFile(filepath.Join(version, "pyrometer-agent"), nil, 0o700), os.Symlink(victim, filepath.Join(version, "pyrometer-agent.part-1")),
		os.Symlink(elsewhere, filepath.Join(uploads, "0.2.0-0")), os.WriteFile(filepath.Join(directory, "cache/of-others"), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	var done removal
	removeUploads(uploads, &done)
	if len(done.Remains) != 1 || done.Remains[0].Path != filepath.Join(uploads, "0.2.0-0") || len(done.Removed) > 0 {
		t.Errorf("with a link among the versions: %+v", done)
	}
	if err := os.Remove(filepath.Join(uploads, "0.2.0-0")); err != nil {
		t.Fatal(err)
	}
	done = removal{}
	removeUploads(uploads, &done)
	if want := []string{uploads, filepath.Dir(uploads)}; !slices.Equal(done.Removed, want) || len(done.Remains) > 0 {
		t.Errorf("removed = %+v, want %q", done, want)
	}
	// The folder itself became a link on the way.
	if err := os.Symlink(elsewhere, filepath.Join(directory, "cache/pyrometer")); err != nil {
		t.Fatal(err)
	}
	done = removal{}
	removeUploads(filepath.Join(directory, "cache/pyrometer/agent"), &done)
	if _, err := os.Stat(victim); err != nil || len(done.Removed) > 0 || len(done.Remains) != 1 {
		t.Errorf("through a link: %+v, %v", done, err)
	}
}
