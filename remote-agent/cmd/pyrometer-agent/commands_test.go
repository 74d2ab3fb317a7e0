//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
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
		{"root-bridge without a word", []string{"root-bridge"}, exitOK, "SHA256:", ""},
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
		lease: 30 * time.Second, keep: 36 * time.Hour, uploadDirectory: "/nowhere/agent", holder: "h-1", holderName: "a window, of alice's", log: "/l", dockerHost: "unix:///d",
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
		got.lease != given.lease || got.keep != given.keep || got.uploadDirectory != given.uploadDirectory || got.holder != given.holder || got.holderName != given.holderName || got.log != given.log || got.places != given.places || got.dockerHost != given.dockerHost {
		t.Errorf("got %+v, want %+v", got, given)
	}
	if got.dockerSocket() != "/d" {
		t.Errorf("docker socket = %q", got.dockerSocket())
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
