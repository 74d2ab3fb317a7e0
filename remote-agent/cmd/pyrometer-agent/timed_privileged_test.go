//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/gen/agent/v1/agentv1connect"
)

const spinning = `def leaf():
    return sum(i * i for i in range(20000))
def trunk():
    while True:
        leaf()
trunk()
`

// TestRecordSamples records a busy Python process with a real agent, and holds the recording against the windows of the same time.
func TestRecordSamples(t *testing.T) {
	directory := placeForAgent(t)
	runDirectory := filepath.Join(directory, "run")
	here := []string{"--store", filepath.Join(directory, "store"), "--run-dir", runDirectory}
	t.Cleanup(func() { call(t, append([]string{"stop", "--force"}, here...)...) })
	script := filepath.Join(t.TempDir(), "spinning.py")
	if err := os.WriteFile(script, []byte(spinning), 0o600); err != nil {
		t.Fatal(err)
	}
	burner := exec.Command("python3", script)
	if err := burner.Start(); err != nil {
		skipOrFail(t, "there is no python3")
	}
	t.Cleanup(func() {
		_ = burner.Process.Kill()
		_ = burner.Wait()
	})
	expect(t, stateProfiling, exitOK, append([]string{"start", "--uid", "4242", "--window", "1s", "--lease", "1h"}, here...)...)
	agent, err := dialAgent(places{runDirectory: runDirectory})
	if err != nil {
		t.Fatal(err)
	}
	selector := fmt.Sprintf(`{pid="%d"}`, burner.Process.Pid)
	parsed, said := recordedBy(t, agent, selector, 6)
	if said.GetFull() || said.GetDropped() != 0 || said.GetEnd()-said.GetStart() != 6000 || len(parsed.Sample) != int(said.GetSamples()) {
		t.Errorf("said %v, sent %d samples", said, len(parsed.Sample))
	}
	if len(parsed.Sample) < 100 {
		t.Fatalf("only %d samples of 6 s of a busy process", len(parsed.Sample))
	}
	inWindows := map[int64]int64{} // samples of whole windows, by their second
	leaves := 0
	before := int64(0)
	for _, sample := range parsed.Sample {
		at := sample.NumLabel["end_timestamp_ns"][0]
		if at < before || at < said.GetStart()*1e6 || at >= (said.GetEnd()+1)*1e6 {
			t.Fatalf("a sample of %d behind %d, in %d to %d", at, before, said.GetStart(), said.GetEnd())
		}
		before = at
		inWindows[at/1e9]++
		if pid, tid := sample.NumLabel["pid"][0], sample.NumLabel["tid"][0]; pid != int64(burner.Process.Pid) || tid != pid {
			t.Fatalf("a sample of process %d, thread %d", pid, tid)
		}
		for _, location := range sample.Location {
			if location.Line[0].Function.Name == "leaf" {
				leaves++
				break
			}
		}
	}
	if leaves < len(parsed.Sample)*8/10 {
		t.Errorf("leaf is in %d of %d stacks", leaves, len(parsed.Sample))
	}
	// The first and the last second are not whole.
	for second := said.GetStart()/1000 + 1; second < said.GetEnd()/1000-1; second++ {
		if counted := countedIn(t, agent, selector, second); counted != inWindows[second] {
			t.Errorf("in second %d the windows have %d samples, the recording %d", second, counted, inWindows[second])
		}
	}
}

func recordedBy(t *testing.T, agent agentv1connect.AgentServiceClient, selector string, seconds uint32) (*profile.Profile, *agentv1.RecordSamplesResponse) {
	t.Helper()
	stream, err := agent.RecordSamples(t.Context(), connect.NewRequest(&agentv1.RecordSamplesRequest{LabelSelector: selector, Seconds: seconds}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	var said *agentv1.RecordSamplesResponse
	var whole []byte
	for stream.Receive() {
		if part := stream.Msg().GetProfile(); len(part) > 0 {
			whole = append(whole, part...)
		} else {
			said = stream.Msg()
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	parsed, err := profile.ParseData(whole)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, said
}

// countedIn is how many samples the windows of a second have.
func countedIn(t *testing.T, agent agentv1connect.AgentServiceClient, selector string, second int64) int64 {
	t.Helper()
	request := &agentv1.SelectWindowsRequest{
		ProfileTypeID: "process_cpu:cpu:nanoseconds:cpu:nanoseconds", LabelSelector: selector, Start: second * 1000, End: (second + 1) * 1000,
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		stream, err := agent.SelectWindows(t.Context(), connect.NewRequest(request))
		if err != nil {
			t.Fatal(err)
		}
		windows, counted := 0, int64(0)
		for stream.Receive() {
			for _, window := range stream.Msg().GetPart().GetWindows() {
				windows++
				for _, value := range window.GetValue() {
					counted += value / window.GetPeriod()
				}
			}
		}
		if err := stream.Err(); err != nil {
			t.Fatal(err)
		}
		if windows > 0 || time.Now().After(deadline) {
			return counted
		}
	}
}
