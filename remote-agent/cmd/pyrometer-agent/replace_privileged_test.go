//go:build linux

package main

import (
	"os"
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
