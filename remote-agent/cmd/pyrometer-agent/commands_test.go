//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/privilege"
	"pyrometer.dev/remote-agent/internal/target"
)

// call runs a command and returns what it wrote.
func call(t *testing.T, arguments ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = dispatch(context.Background(), arguments, streams{in: strings.NewReader(""), out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestCommandLineIsExplained(t *testing.T) {
	directory := t.TempDir()
	here := []string{"--store", filepath.Join(directory, "store"), "--run-dir", filepath.Join(directory, "run")}
	for _, test := range []struct {
		name      string
		arguments []string
		code      int
		out, err  string
	}{
		{"nothing", nil, exitUsage, "start", ""},
		{"help", []string{"help"}, exitOK, "preflight", ""},
		{"unknown command", []string{"frobnicate"}, exitUsage, "", `There is no command "frobnicate"`},
		{"unknown flag", []string{"status", "--frobnicate"}, exitUsage, "", "frobnicate"},
		{"version", []string{"version"}, exitOK, "0.1.0+", ""},
		{"status of nothing", append([]string{"status"}, here...), exitNotRunning, "No agent has run here.", ""},
		{"stop of nothing", append([]string{"stop"}, here...), exitNotRunning, "No agent runs.", ""},
		{"remove of nothing", append([]string{"remove"}, here...), exitOK, "nothing to remove", ""},
		{"grant of nothing", append([]string{"grant"}, append(slices.Clone(here), "1000")...), exitFailure, "", "No agent has run here."},
		{"grant to nobody", append([]string{"grant"}, here...), exitUsage, "", "id -u"},
		{"set of nothing", append([]string{"set"}, here...), exitUsage, "", "Say what to change"},
		{"set without an agent", append([]string{"set", "--rate", "199"}, here...), exitFailure, "", "No agent has run here."},
		{"set a broken window", append([]string{"set", "--window", "1.5s"}, here...), exitUsage, "", "whole number of seconds"},
		{"set a broken label", append([]string{"set", "--label", "env"}, here...), exitUsage, "", "="},
		{"set absent rules", append([]string{"set", "--relabel", filepath.Join(directory, "absent")}, here...), exitUsage, "", "absent"},
		{"rate", append([]string{"start", "--rate=-1"}, here...), exitFailure, `"state":"failed"`, "--rate -1"},
		{"window", append([]string{"start", "--window", "7s"}, here...), exitFailure, `"state":"failed"`, "divides an hour"},
		{"lease", append([]string{"start", "--lease", "1s"}, here...), exitFailure, `"state":"failed"`, "shorter than"},
		{"holder", append([]string{"start", "--holder", "a b"}, here...), exitFailure, `"state":"failed"`, "--holder"},
		{"user", append([]string{"start", "--uid", "alice"}, here...), exitUsage, "", "user's number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, err := call(t, test.arguments...)
			if code != test.code || !strings.Contains(out, test.out) || !strings.Contains(err, test.err) {
				t.Errorf("%q = %d\nout: %s\nerr: %s\nwant %d, %q, %q", test.arguments, code, out, err, test.code, test.out, test.err)
			}
		})
	}
}

func TestOptionsSurviveTheWayToTheDaemon(t *testing.T) {
	given := options{
		places: places{store: "/s", runDirectory: "/r"}, uids: []int{0, 1000}, rateHz: 19, window: 5 * time.Second,
		lease: 30 * time.Second, holder: "h-1", holderName: "a window, of alice's", log: "/l", dockerHost: "unix:///d",
	}
	var got options
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	got.register(flags)
	if err := flags.Parse(given.arguments()); err != nil {
		t.Fatal(err)
	}
	if err := got.check(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.uids, given.uids) || got.rateHz != given.rateHz || got.window != given.window ||
		got.lease != given.lease || got.holder != given.holder || got.holderName != given.holderName || got.log != given.log || got.places != given.places || got.dockerHost != given.dockerHost {
		t.Errorf("got %+v, want %+v", got, given)
	}
	if got.dockerSocket() != "/d" {
		t.Errorf("docker socket = %q", got.dockerSocket())
	}
}

func TestReplacedAgentLeavesItsUsers(t *testing.T) {
	for _, test := range []struct {
		name       string
		continuous bool
		lease      time.Duration
	}{{"recording", false, time.Minute}, {"continuous", true, 0}} {
		chosen := options{uids: []int{1001}, lease: time.Minute}
		chosen.inherit(&record{UIDs: []int{1000, 1001}, Continuous: test.continuous})
		if !slices.Equal(chosen.uids, []int{1001, 1000}) || chosen.lease != test.lease {
			t.Errorf("%s: %v %v", test.name, chosen.uids, chosen.lease)
		}
	}
}

func TestNewerRelease(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"0.2.0+aa", "0.1.0+bb", true},
		{"0.10.0+aa", "0.9.1+bb", true},
		{"1.0.0+aa", "0.99.0+bb", true},
		{"0.1.0+bb", "0.1.0+aa", false}, // builds are not ordered
		{"0.1.0+aa", "0.2.0+aa", false},
		{"0.1.1", "0.1", true},
		{"what", "0.1.0+aa", false},
		{"", "0.1.0", false},
	} {
		if got := newerRelease(test.a, test.b); got != test.want {
			t.Errorf("newerRelease(%q, %q) = %v", test.a, test.b, got)
		}
	}
}

func TestSentence(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{errors.New("attach sampler: no room"), "Attach sampler: no room."},
		{errors.New("Done."), "Done."},
		{errors.Join(errors.New("a"), errors.New("b")), "A; b."},
		{&privilege.Refusal{Code: "x", Message: "As it is."}, "As it is."},
	} {
		if got := sentence(test.err); got != test.want {
			t.Errorf("sentence(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}

func TestRecordTellsOfTheProcess(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "run")
	ticks, err := target.StartTicks(uint32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	// As the app starts it.
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	file, err := openRecord(directory, record{RecordVersion: recordVersion, Version: "v", PID: os.Getpid(), StartTicks: ticks, Log: "/log"})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(directory, recordFileName)); err != nil || info.Mode() != 0o644 {
		t.Errorf("the record is %v, %v, want what everybody may read", info.Mode(), err)
	}
	if _, err := openRecord(directory, record{}); !errors.Is(err, errAlreadyRuns) {
		t.Errorf("second agent: %v, want %v", err, errAlreadyRuns)
	}
	if err := file.set(stateFailed, strings.Repeat("a long reason ", 50)); err != nil {
		t.Fatal(err)
	}
	if err := file.set(stateProfiling, ""); err != nil {
		t.Fatal(err)
	}
	if err := file.admit(1000); err != nil {
		t.Fatal(err)
	}
	where := places{runDirectory: directory}
	told, code, err := status(where)
	if err != nil || code != exitOK || told.State != stateProfiling || told.Socket != controlSocket(directory, 1000) {
		t.Errorf("status = %+v, %d, %v", told, code, err)
	}
	// Killed: another process, or none, has the pid.
	file.content.StartTicks++
	if err := file.set(stateProfiling, ""); err != nil {
		t.Fatal(err)
	}
	told, code, err = status(where)
	if err != nil || code != exitNotRunning || told.State != stateFailed || !strings.Contains(told.Message, "/log") {
		t.Errorf("status of a killed agent = %+v, %d, %v", told, code, err)
	}
	file.content.RecordVersion++
	if err := file.set(stateProfiling, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := readRecord(directory); err == nil {
		t.Error("the record of a newer agent was read")
	}
	if err := file.close(); err != nil {
		t.Fatal(err)
	}
	if again, err := openRecord(directory, record{}); err != nil {
		t.Errorf("after the first ended: %v", err)
	} else if err := again.close(); err != nil {
		t.Error(err)
	}
}

func TestRemoveLeavesWhatIsNotTheAgents(t *testing.T) {
	directory := t.TempDir()
	where := places{store: filepath.Join(directory, "store"), runDirectory: filepath.Join(directory, "run")}
	write := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ours := []string{"profiles.db", "profiles.db-wal", "agent.log", "agent.log.old"}
	for _, name := range ours {
		write(filepath.Join(where.store, name))
	}
	foreign := filepath.Join(where.store, "thesis.tex")
	write(foreign)
	write(filepath.Join(where.runDirectory, recordFileName))
	if done := removeAll(where); len(done.Remains) != 1 || done.Remains[0].Path != where.store || !strings.Contains(done.Remains[0].Why, "thesis.tex") {
		t.Errorf("removeAll = %+v, want a word about the foreign file and no other", done)
	}
	// It hinders nothing else.
	if _, err := os.Stat(where.runDirectory); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", where.runDirectory, err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("foreign file: %v", err)
	}
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}
	if done := removeAll(where); len(done.Remains) > 0 {
		t.Errorf("removeAll = %+v", done)
	}
	for _, path := range []string{where.store, where.runDirectory} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
}

func TestKeeperSweepsOnlyAfterItsAgent(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "run")
	file, err := openRecord(directory, record{})
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(directory, "push.sock")
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.OpenFile(filepath.Join(directory, lockFileName), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := takeLock(held, 0); err == nil {
		t.Error("the lock of a running agent was taken")
	}
	if err := file.close(); err != nil {
		t.Fatal(err)
	}
	expectKept(t, directory)
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(directory, recordFileName)); err != nil {
		t.Errorf("the record, which says how the agent ended: %v", err)
	}
	expectKept(t, directory+"-gone")
}

// expectKept has a keeper begin and its agent end.
func expectKept(t *testing.T, runDirectory string) {
	t.Helper()
	kept, err := startKeeper(&options{places: places{runDirectory: runDirectory}})
	if err != nil {
		t.Fatal(err)
	}
	// Both are closed by the end of an agent.
	if err := errors.Join(kept.Close(), kept.alive.Close()); err != nil {
		t.Fatal(err)
	}
	if ended, err := kept.process.Wait(); err != nil || !ended.Success() {
		t.Errorf("the keeper of %s: %v, %v", runDirectory, ended, err)
	}
}

func TestMakeDirectoryRefusesALink(t *testing.T) {
	directory := t.TempDir()
	if err := makeDirectory(filepath.Join(directory, "a", "b"), 0o700, nil); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{"a": 0o755, "a/b": 0o700} {
		info, err := os.Stat(filepath.Join(directory, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	link := filepath.Join(directory, "link")
	if err := os.Symlink("/etc", link); err != nil {
		t.Fatal(err)
	}
	if err := makeDirectory(link, 0o700, nil); err == nil {
		t.Error("a link was taken for a directory")
	}
}

func TestMakeDirectoryLeavesOthersDirectories(t *testing.T) {
	directory := t.TempDir()
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"profiles.db", "profiles.db-wal", "agent.log.old"} {
		if err := os.WriteFile(filepath.Join(directory, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := makeDirectory(directory, 0o755, storePatterns); err != nil {
		t.Errorf("a store of ours: %v", err)
	}
	if err := os.WriteFile(filepath.Join(directory, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := makeDirectory(directory, 0o700, storePatterns)
	if err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("makeDirectory = %v, want a word about the foreign file", err)
	}
	if info, err := os.Stat(directory); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("mode %v, %v: another's directory was changed", info.Mode(), err)
	}
}

func TestLogIsNoLink(t *testing.T) {
	directory := t.TempDir()
	other := filepath.Join(directory, "other")
	if err := os.Symlink(other, filepath.Join(directory, logFileName)); err != nil {
		t.Fatal(err)
	}
	if log, err := openLog(filepath.Join(directory, logFileName)); err == nil {
		t.Errorf("a link was followed: %v", log.Close())
	}
	if _, err := os.Lstat(other); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made through a link: %v", err)
	}
}

func TestLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.log")
	log, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.Repeat([]byte("x"), 1<<20)
	for range 20 {
		if _, err := log.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".old"} {
		info, err := os.Stat(name)
		if err != nil || info.Size() == 0 || info.Size() > maxLogBytes {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// recordingTarget takes admin requests.
type recordingTarget struct {
	kept     bool
	held     string
	uid      int
	path     string
	admitted net.Listener
	refusal  error
}

func (r *recordingTarget) keep() error {
	r.kept = true
	return r.refusal
}

func (r *recordingTarget) hold(holder, name string, duration time.Duration) error {
	r.held = fmt.Sprint(holder, " ", name, " ", duration)
	return nil
}

func (r *recordingTarget) end() error { return errHeld{"\"a recording\""} }

func (r *recordingTarget) admit(uid int, path string, socket *os.File) error {
	listener, err := net.FileListener(socket)
	r.uid, r.path, r.admitted = uid, path, listener
	return err
}

func TestAdminSocketHandsOverAListener(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("the admin socket is root's")
	}
	directory := t.TempDir()
	server, err := listenAdmin(directory, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	taker := &recordingTarget{}
	server.target = taker
	info, err := os.Stat(filepath.Join(directory, adminSocketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("admin socket: %v, %v, want 0600", info.Mode(), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.serve(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-served
	})
	if err := askAdmin(directory, adminRequest{Operation: opKeep}, nil); err != nil || !taker.kept {
		t.Errorf("keep: %v", err)
	}
	taker.refusal = errors.New("no")
	if err := askAdmin(directory, adminRequest{Operation: opKeep}, nil); err == nil || err.Error() != "No." {
		t.Errorf("refused keep: %v", err)
	}
	hold := adminRequest{Operation: opHold, Holder: "h", HolderName: "a window", Seconds: 30}
	if err := askAdmin(directory, hold, nil); err != nil || taker.held != "h a window 30s" {
		t.Errorf("hold: %v, %q", err, taker.held)
	}
	if err := askAdmin(directory, adminRequest{Operation: opEnd}, nil); !errors.As(err, new(heldElsewhere)) || !strings.Contains(err.Error(), "a recording") {
		t.Errorf("end of an agent that is held: %v", err)
	}
	for _, operation := range []string{"frobnicate", opAdmit} { // the latter comes without a socket
		if err := askAdmin(directory, adminRequest{Operation: operation}, nil); err == nil {
			t.Errorf("%s was accepted", operation)
		}
	}
	if err := admitOne(directory, 4242); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taker.admitted.Close() })
	path := controlSocket(directory, 4242)
	if taker.uid != 4242 || taker.path != path || privilege.OwnerOf(path) != 4242 {
		t.Errorf("admitted %d at %s, owned by %d", taker.uid, taker.path, privilege.OwnerOf(path))
	}
	go func() {
		connection, err := taker.admitted.Accept()
		if err == nil {
			_, _ = connection.Write([]byte("hello"))
			_ = connection.Close()
		}
	}()
	connection, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if said, err := io.ReadAll(connection); err != nil || string(said) != "hello" {
		t.Errorf("heard %q, %v", said, err)
	}
	if leftovers, err := filepath.Glob(filepath.Join(directory, ".new-*")); err != nil || len(leftovers) > 0 {
		t.Errorf("left behind %q, %v", leftovers, err)
	}
}

func TestCheckTellsTextAndJSON(t *testing.T) {
	here := []string{"--store", filepath.Join(t.TempDir(), "store"), "--docker-host", "unix:///nowhere/docker.sock"}
	code, text, said := call(t, append([]string{"check"}, here...)...)
	for _, want := range []string{"kernel", "pid namespace", "perf_event_paranoid", "cgroups", "docker", "The agent can"} {
		if !strings.Contains(text, want) {
			t.Errorf("check says nothing of %s: %s%s", want, text, said)
		}
	}
	again, line, _ := call(t, append([]string{"check", "--json"}, here...)...)
	var found checked
	if err := json.Unmarshal([]byte(line), &found); err != nil {
		t.Fatal(err)
	}
	if again != code || found.CanRun != (code == exitOK) || len(found.Facts) < 15 {
		t.Errorf("check = %d, check --json = %d, %+v", code, again, found)
	}
}

func TestOutcomeIsOneLine(t *testing.T) {
	var out bytes.Buffer
	outcome{State: stateFailed, Message: "a\nb"}.print(streams{out: &out, err: &out})
	var back outcome
	if strings.Count(out.String(), "\n") != 1 || json.Unmarshal(out.Bytes(), &back) != nil || back.Message != "a\nb" {
		t.Errorf("printed %q", out.String())
	}
}
