//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/privilege"
)

// TestKeeperReadsWhatTheAgentMayNot starts an agent beside a Docker whose socket is root's alone.
func TestKeeperReadsWhatTheAgentMayNot(t *testing.T) {
	directory := placeForAgent(t)
	docker := filepath.Join(directory, "docker.sock")
	listener, err := net.Listen("unix", docker)
	if err != nil {
		t.Fatal(err)
	}
	// Even a group that it might keep could not use it.
	if err := os.Chmod(docker, 0o600); err != nil {
		t.Fatal(err)
	}
	id := strings.Repeat("ab", 32)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/containers/json"):
			fmt.Fprintf(w, `[{"Id":%q,"Names":["/web"],"Image":"web","ImageID":"sha256:%s","State":"running"}]`, id, id)
		case strings.HasSuffix(r.URL.Path, "/events"):
			_ = http.NewResponseController(w).Flush() // the agent is gone when it cannot
			<-r.Context().Done()
		default:
			fmt.Fprint(w, "{}")
		}
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })

	runDirectory := filepath.Join(directory, "run")
	here := []string{"--store", filepath.Join(directory, "store"), "--run-dir", runDirectory}
	t.Cleanup(func() { call(t, append([]string{"stop", "--force"}, here...)...) })
	started := expect(t, stateProfiling, exitOK,
		append([]string{"start", "--uid", "4242", "--docker-host", "unix://" + docker}, here...)...)

	expectContainers(t, places{runDirectory: runDirectory}, 1)
	agent := statusOf(t, started.PID)
	if uid := agent["Uid"]; strings.HasPrefix(uid, "0\t") || agent["Groups"] != "" {
		t.Errorf("the agent is user %q with the groups %q", uid, agent["Groups"])
	}
	if got, want := agent["CapEff"], fmt.Sprintf("%016x", uint64(privilege.SetOf(privilege.Kept...))); got != want {
		t.Errorf("the agent's capabilities are %s, want %s", got, want)
	}
	keeperPID := childOf(t, started.PID)
	kept := statusOf(t, keeperPID)
	capabilities := fmt.Sprintf("%016x", uint64(keeperCapabilities(runDirectory)))
	for name, want := range map[string]string{
		"Uid": "0\t0\t0\t0", "Groups": "", "NoNewPrivs": "1", "Seccomp": "2", "CapInh": "0000000000000000", "CapAmb": "0000000000000000",
		"CapEff": capabilities, "CapPrm": capabilities, "CapBnd": capabilities,
	} {
		if kept[name] != want {
			t.Errorf("the keeper's %s is %q, want %q", name, kept[name], want)
		}
	}
	if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", keeperPID)); err != nil || strings.Split(string(line), "\x00")[1] != "keeper" {
		t.Errorf("the agent's child is %q, %v", line, err)
	}
	for _, link := range openFiles(t, keeperPID) {
		if strings.Contains(link, "bpf") || strings.Contains(link, "perf_event") || strings.HasPrefix(link, directory) {
			t.Errorf("the keeper has %s open", link)
		}
	}
	// It ends with the agent, also when that is killed.
	if err := syscall.Kill(started.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	expectNoSockets(t, runDirectory)
	eventually(t, "the keeper ends", func() bool { return over(t, keeperPID) })
}

// placeForAgent is a directory that the agent's user can reach; it skips where no agent can run.
func placeForAgent(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		skipOrFail(t, "only root can start an agent")
	}
	if report := privilege.Preflight(t.TempDir()); len(report.Refusals) > 0 {
		skipOrFail(t, report.Refusals[0].Message)
	}
	if _, _, errno := syscall.AllThreadsSyscall(syscall.SYS_GETPID, 0, 0, 0); errno == syscall.ENOTSUP {
		skipOrFail(t, "the test was built with cgo: build it with CGO_ENABLED=0, as the agent is")
	}
	directory, err := os.MkdirTemp("", "pyrometer-agent-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	return directory
}

// expectContainers waits until the agent says that Docker has so many.
func expectContainers(t *testing.T, where places, want uint32) {
	t.Helper()
	agent, err := dialAgent(where)
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		answered, err := agent.GetStatus(t.Context(), connect.NewRequest(&agentv1.GetStatusRequest{}))
		if err != nil {
			t.Fatal(err)
		}
		docker := answered.Msg.GetStatus().GetDocker()
		if docker.GetReachable() && docker.GetContainers() == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("docker is %v", docker)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// statusOf reads /proc/PID/status; nothing of a process that is gone.
func statusOf(t *testing.T, pid int) map[string]string {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil
	}
	fields := make(map[string]string)
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.TrimSpace(value)
	}
	return fields
}

// childOf is the one child of a process.
func childOf(t *testing.T, parent int) int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err == nil && statusOf(t, pid)["PPid"] == strconv.Itoa(parent) {
			children = append(children, pid)
		}
	}
	if len(children) != 1 {
		t.Fatalf("the children of %d are %v, want one", parent, children)
	}
	return children[0]
}

// openFiles are what the descriptors of a process stand for.
func openFiles(t *testing.T, pid int) []string {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	var links []string
	for _, entry := range entries {
		if link, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, entry.Name())); err == nil {
			links = append(links, link)
		}
	}
	return links
}
