//go:build linux

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
)

// TestRestart restarts an agent that another records with: it goes on as it was, and the other's recording with it.
func TestRestart(t *testing.T) {
	directory := placeForAgent(t)
	where := places{store: filepath.Join(directory, "store"), runDirectory: filepath.Join(directory, "run")}
	here := []string{"--store", where.store, "--run-dir", where.runDirectory}
	t.Cleanup(func() { call(t, append([]string{"stop", "--force"}, here...)...) })

	before := expect(t, stateProfiling, exitOK, append([]string{
		"start", "--uid", "4242", "--window", "1s", "--lease", "1h", "--holder", "other", "--holder-name", "a recording of another",
		"--metrics-listen", "127.0.0.1:0",
	}, here...)...)
	expect(t, stateProfiling, exitOK, append([]string{"start", "--uid", "4242", "--lease", "5s", "--holder", "mine", "--holder-name", "mine"}, here...)...)
	self := strconv.Itoa(os.Getpid())
	if code, _, said := call(t, append([]string{"set", "--pid", self}, here...)...); code != exitOK {
		t.Fatalf("set: %s", said)
	}
	// Of a later release: only who asks for it replaces that.
	recordPath := filepath.Join(where.runDirectory, recordFileName)
	written, err := os.ReadFile(recordPath)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recordPath, []byte(strings.Replace(string(written), version(), "99.0.0+new", 1)), 0o644); err != nil {
		t.Fatal(err)
	}

	askedAt := time.Now()
	after := expect(t, stateProfiling, exitOK, append([]string{"start", "--replace", "--uid", "4343"}, here...)...)
	if after.PID == before.PID || after.Version != version() || after.Socket != controlSocket(where.runDirectory, 4343) {
		t.Errorf("restarted = %+v, before %+v", after, before)
	}
	status := agentStatus(t, where)
	var holders []string
	for _, each := range status.GetLeases() {
		holders = append(holders, each.GetHolder()+": "+each.GetDescription())
	}
	if want := []string{"mine: mine", "other: a recording of another"}; !slices.Equal(holders, want) {
		t.Errorf("held by %q, want %q", holders, want)
	}
	// The other's lease lasts as long as it did; the short one long enough for its holder to come back.
	if left := time.UnixMilli(status.GetLeaseExpiresAt()).Sub(askedAt); left < 59*time.Minute || left > 61*time.Minute {
		t.Errorf("the lease of an hour has %v left", left)
	}
	if status.GetWindowSeconds() != 1 || !slices.Equal(status.GetSelection().GetPids(), []uint32{uint32(os.Getpid())}) {
		t.Errorf("status = %v", status)
	}
	now, err := readRecord(where.runDirectory)
	if err != nil {
		t.Fatal(err)
	}
	if now.Continuous || !slices.Equal(now.UIDs, []int{4242, 4343}) {
		t.Errorf("record = %+v", now)
	}
	// What only a flag says is said again.
	if arguments, err := os.ReadFile("/proc/" + strconv.Itoa(after.PID) + "/cmdline"); err != nil || !strings.Contains(string(arguments), "--metrics-listen\x00127.0.0.1:0") {
		t.Errorf("started with %q, %v", arguments, err)
	}
}

// TestReplacementThatDoesNotStart replaces an agent whose program has no name any more by one that cannot start: the one before
// runs again as it was, with what it was told since.
func TestReplacementThatDoesNotStart(t *testing.T) {
	directory := placeForAgent(t)
	where := places{store: filepath.Join(directory, "store"), runDirectory: filepath.Join(directory, "run")}
	here := []string{"--store", where.store, "--run-dir", where.runDirectory}
	t.Cleanup(func() { call(t, append([]string{"stop", "--force"}, here...)...) })

	startAnotherBuild(t, directory, append([]string{
		"run", "--uid", "4242", "--window", "1s", "--lease", "1h", "--holder", "other", "--log", filepath.Join(directory, "agent.log"),
	}, here...))
	before := lastOutcome(t, append([]string{"status", "--json"}, here...)...)
	if before.Version == version() {
		t.Fatalf("another build calls itself %s", before.Version)
	}
	if code, _, said := call(t, append(append([]string{"grant"}, here...), "4343")...); code != exitOK {
		t.Fatalf("grant: %s", said)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	failed := expect(t, stateFailed, exitFailure, append([]string{
		"start", "--replace", "--uid", "4444", "--metrics-listen", taken.Addr().String(),
	}, here...)...)
	if want := before.Version + ", runs again: "; !strings.Contains(failed.Message, want) || !strings.Contains(failed.Message, "address already in use") {
		t.Errorf("said %q, want %q and why", failed.Message, want)
	}
	after := expect(t, stateProfiling, exitOK, append([]string{"status", "--json"}, here...)...)
	if after.PID == before.PID || after.Version != before.Version {
		t.Errorf("runs again as %+v, before %+v", after, before)
	}
	now, err := readRecord(where.runDirectory)
	if err != nil {
		t.Fatal(err)
	}
	if now.Continuous || !slices.Equal(now.UIDs, []int{4242, 4343}) {
		t.Errorf("record = %+v", now)
	}
	status := agentStatus(t, where)
	if leases := status.GetLeases(); len(leases) != 1 || leases[0].GetHolder() != "other" || status.GetWindowSeconds() != 1 {
		t.Errorf("status = %v", status)
	}
}

// startAnotherBuild runs a program that differs from this one in its last byte, waits until it samples, and removes it.
func startAnotherBuild(t *testing.T, directory string, arguments []string) {
	t.Helper()
	content, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(directory, "pyrometer-agent")
	if err := os.WriteFile(program, append(content, 0), 0o700); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(program, arguments...)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = child.Wait() }() // the test ends it
	where := filepath.Join(directory, "run")
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(pollInterval) {
		if found, err := readRecord(where); err == nil && found.State == stateProfiling {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the other build does not sample")
		}
	}
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
}

func agentStatus(t *testing.T, where places) *agentv1.Status {
	t.Helper()
	agent, err := dialAgent(where)
	if err != nil {
		t.Fatal(err)
	}
	answered, err := agent.GetStatus(t.Context(), connect.NewRequest(&agentv1.GetStatusRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	return answered.Msg.GetStatus()
}
