//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/privilege"
)

// TestMain makes the test binary be the agent: the command start runs its own executable. To go test's own arguments, which
// begin with a dash, it is the tests; whatever starts it otherwise must never begin them anew.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"run", "keeper", "remove"}, os.Args[1]) {
		ctx, stop := notifyContext()
		code := dispatch(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// TestDaemon goes the whole way of an agent: it starts, samples without rights, is found, joined and stopped.
func TestDaemon(t *testing.T) {
	directory := placeForAgent(t)
	runDirectory := filepath.Join(directory, "run")
	here := []string{"--store", filepath.Join(directory, "store"), "--run-dir", runDirectory}
	t.Cleanup(func() { call(t, append([]string{"stop", "--force"}, here...)...) })

	started := expect(t, stateProfiling, exitOK, append([]string{"start", "--uid", "4242", "--window", "1s", "--lease", "1h"}, here...)...)
	if started.PID == 0 || started.Socket != controlSocket(runDirectory, 4242) || started.Version != version() {
		t.Errorf("started = %+v", started)
	}
	if uid := privilege.OwnerOf(fmt.Sprintf("/proc/%d/task", started.PID)); uid == 4242 {
		t.Errorf("the agent runs as %d", uid)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", started.PID))
	if err != nil {
		t.Fatal(err)
	}
	kept := fmt.Sprintf("CapEff:\t%016x\n", uint64(privilege.SetOf(privilege.Kept...)))
	if text := string(status); strings.Contains(text, "Uid:\t0") || !strings.Contains(text, kept) || !strings.Contains(text, "NoNewPrivs:\t1") ||
		!strings.Contains(text, "Seccomp:\t2") {
		t.Errorf("the agent has rights left:\n%s", text)
	}
	if nice, err := syscall.Getpriority(syscall.PRIO_PROCESS, started.PID); err != nil || nice != 20+10 { // the kernel's 20 - nice
		t.Errorf("the agent's priority is %d, %v", nice, err)
	}
	if owner := privilege.OwnerOf(filepath.Join(directory, "store")); owner == 0 {
		t.Error("the store is still root's")
	}

	if found := expect(t, stateProfiling, exitOK, append([]string{"status", "--json"}, here...)...); found.PID != started.PID {
		t.Errorf("status = %+v", found)
	}
	// While somebody holds it, nobody ends it unawares.
	if code, _, said := call(t, append([]string{"stop"}, here...)...); code != exitHeld || !strings.Contains(said, "pyrometer-agent start") {
		t.Errorf("stop of a held agent = %d, %s", code, said)
	}
	// A second start joins it, and makes it continuous.
	if joined := expect(t, stateProfiling, exitOK, append([]string{"start", "--uid", "4242"}, here...)...); joined.PID != started.PID {
		t.Errorf("joined = %+v", joined)
	}
	// So does the start of an older release: it does not replace what is newer.
	recordPath := filepath.Join(runDirectory, recordFileName)
	record, err := os.ReadFile(recordPath)
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(record), version(), "99.0.0+new", 1)
	if err := os.WriteFile(recordPath, []byte(newer), 0o644); err != nil {
		t.Fatal(err)
	}
	if kept := expect(t, stateProfiling, exitOK, append([]string{"start", "--uid", "4242"}, here...)...); kept.PID != started.PID || kept.Version != "99.0.0+new" {
		t.Errorf("start beside a newer agent = %+v", kept)
	}
	if err := os.WriteFile(recordPath, record, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][]string{
		{"--rate", "199", "--burst", "1m"}, {"--window", "5s"}, {"--label", "env=test", "--leading-slash"}, {"--everything"}, {"--max-cpu", "2", "--max-memory", "300"},
	} {
		if code, out, said := call(t, append(append([]string{"set"}, change...), here...)...); code != exitOK {
			t.Errorf("set %q = %d: %s%s", change, code, out, said)
		}
	}
	if code, _, said := call(t, append([]string{"set", "--rate", "98"}, here...)...); code != exitFailure || !strings.Contains(said, "19 49 97 199 997") {
		t.Errorf("set a rate that cannot be had = %d, %s", code, said)
	}
	expectChanged(t, places{runDirectory: runDirectory})
	// A start waits for one that is ending, and is no second owner of what that still writes.
	if err := syscall.Kill(started.PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expectNoAnswer(t, runDirectory)
	before := started.PID
	if started = expect(t, stateProfiling, exitOK, append([]string{"start", "--uid", "4242"}, here...)...); started.PID == before {
		t.Error("an agent that was ending was joined")
	}
	stopped := expect(t, stateStopped, exitOK, append([]string{"stop", "--force"}, here...)...)
	if stopped.PID != started.PID {
		t.Errorf("stopped = %+v", stopped)
	}
	if sockets, err := filepath.Glob(filepath.Join(runDirectory, "*.sock")); err != nil || len(sockets) > 0 {
		t.Errorf("sockets are left: %q, %v", sockets, err)
	}
	expect(t, stateStopped, exitNotRunning, append([]string{"status", "--json"}, here...)...)

	// Nor does one that is killed leave anything in the way.
	// Two who start at once get the same agent.
	var killed, second outcome
	var both sync.WaitGroup
	for _, started := range []*outcome{&killed, &second} {
		both.Go(func() { *started = lastOutcome(t, append([]string{"start", "--uid", "4242"}, here...)...) })
	}
	both.Wait()
	if killed.State != stateProfiling || killed.PID != second.PID {
		t.Fatalf("two starts at once: %+v and %+v, want one agent", killed, second)
	}
	if err := syscall.Kill(killed.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	expectNoSockets(t, runDirectory)
	if code, out, said := call(t, append([]string{"remove"}, here...)...); code != exitOK {
		t.Errorf("remove = %d: %s%s", code, out, said)
	}
	if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// expectChanged looks whether the agent says what the command set changed.
func expectChanged(t *testing.T, where places) {
	t.Helper()
	status := agentStatus(t, where)
	naming := status.GetNaming()
	if status.GetSampleRateHz() != 199 || status.GetWindowSeconds() != 5 || status.GetBurstEndsAt() <= status.GetTime() ||
		!naming.GetLeadingSlash() || len(naming.GetLabels()) != 1 {
		t.Errorf("status = %v", status)
	}
}

// expectNoSockets waits until the keeper has cleaned up after its agent.
// expectNoAnswer waits until an agent that ends takes no more requests.
func expectNoAnswer(t *testing.T, runDirectory string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !errors.Is(askAdmin(runDirectory, adminRequest{Operation: "none"}, nil), lease.ErrEnding); {
		if time.Now().After(deadline) {
			t.Fatal("an agent that was told to end still answers")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func expectNoSockets(t *testing.T, runDirectory string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		sockets, err := filepath.Glob(filepath.Join(runDirectory, "*.sock"))
		if err != nil {
			t.Fatal(err)
		}
		if len(sockets) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("sockets are left: %q", sockets)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// expect runs a command and returns the JSON of its last line.
func expect(t *testing.T, want state, wantCode int, arguments ...string) outcome {
	t.Helper()
	code, out, said := call(t, arguments...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var got outcome
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
		t.Fatalf("%q printed %q %q: %v", arguments, out, said, err)
	}
	if code != wantCode || got.State != want {
		t.Fatalf("%q = %d, %+v, want %d, %s; %s%s", arguments, code, got, wantCode, want, out, said)
	}
	return got
}

// lastOutcome is what a command prints last.
func lastOutcome(t *testing.T, arguments ...string) (got outcome) {
	t.Helper()
	_, out, said := call(t, arguments...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
		t.Errorf("%q printed %q %q: %v", arguments, out, said, err)
	}
	return got
}

// skipOrFail says why a test cannot run here. With CI=true nothing is skipped.
func skipOrFail(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("cannot run here, and CI=true: %s", reason)
	}
	t.Skip(reason)
}
