package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestSocketBelongsToItsUserAndAdmitsNobodyElse(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving a socket to another user needs root")
	}
	const owner, stranger = 23_001, 23_002
	directory := t.TempDir()
	// The path must be passable for the users; the socket itself is what is guarded.
	for path := directory; path != "/" && strings.HasPrefix(path, os.TempDir()+"/"); path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o711); err != nil { //nolint:gosec // as /run/pyrometer
			t.Fatal(err)
		}
	}
	listener, err := ListenControl(directory, owner)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, SocketName(owner))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != owner || info.Mode().Perm() != 0o600 {
		t.Fatalf("uid %d mode %v", uid, info.Mode())
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	parts := &fakeParts{}
	go func() {
		served <- NewServer(Agent{Status: parts}, slog.New(slog.DiscardHandler)).Serve(ctx, Listeners{Control: []net.Listener{listener}})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	if code, body := callAs(t, owner, path); code != 0 || !strings.Contains(body, "STATE_PROFILING") {
		t.Errorf("owner: exit %d %s", code, body)
	}
	if code, body := callAs(t, 0, path); code != 0 || !strings.Contains(body, "STATE_PROFILING") {
		t.Errorf("root: exit %d %s", code, body)
	}
	if code, body := callAs(t, stranger, path); code == 0 {
		t.Errorf("a stranger got %s", body)
	}
	// Even where the file's mode fails to stop him, the kernel's word on the peer does.
	if err := os.Chmod(path, 0o666); err != nil { //nolint:gosec // what is tested
		t.Fatal(err)
	}
	if code, body := callAs(t, stranger, path); code != 0 || !strings.Contains(body, "permission_denied") || !strings.Contains(body, "grant 23002") {
		t.Errorf("a stranger through an open file: exit %d %s", code, body)
	}
}

func callAs(t *testing.T, uid uint32, path string) (int, string) {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(filepath.Dir(path), "caller")
	if err := os.WriteFile(binary, self, 0o755); err != nil { //nolint:gosec // run by other users
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), binary)
	command.Env = []string{callerVariable + "=" + path}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(output)
}

const callerVariable = "PYROMETER_TEST_CALL"

func TestMain(m *testing.M) {
	if path := os.Getenv(callerVariable); path != "" {
		os.Exit(call(path))
	}
	os.Exit(m.Run())
}

func call(path string) int {
	answer, err := over(path).Post("http://agent/agent.v1.AgentService/GetStatus", "application/json", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		return 1
	}
	return 0
}

func TestStaleSocketIsReplacedAndALiveOneIsNot(t *testing.T) {
	directory := t.TempDir()
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(directory, SocketName(os.Getuid()))})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	first, err := ListenControl(directory, os.Getuid())
	if err != nil {
		t.Fatal("a stale socket stops the agent:", err)
	}
	if _, err := ListenControl(directory, os.Getuid()); !errors.Is(err, ErrInUse) {
		t.Errorf("a second agent: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(directory)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestSocketNameHoldsTheUID(t *testing.T) {
	if got := SocketName(1000); got != "control-"+strconv.Itoa(1000)+".sock" {
		t.Error(got)
	}
}
