//go:build linux && amd64

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pyrometer.dev/remote-agent/internal/nthfail"
)

// Whichever call fails while the agent's files are removed: each of them is gone or told, and a second removal takes the rest.
func TestARemovalTellsWhatRemainsWhicheverCallFails(t *testing.T) {
	for nth := 1; ; nth++ {
		directory := t.TempDir()
		where := places{store: filepath.Join(directory, "store"), runDirectory: filepath.Join(directory, "run")}
		var files []string
		for _, name := range []string{"profiles.db", "profiles.db-wal", logFileName} {
			files = append(files, filepath.Join(where.store, name))
		}
		for _, name := range []string{"control-1000.sock", lockFileName} {
			files = append(files, filepath.Join(where.runDirectory, name))
		}
		for _, path := range files {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("kept"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		done, code, reached := removeFailing(t, where, directory, nth)
		for _, path := range append(files, where.store, where.runDirectory) {
			_, err := os.Lstat(path)
			told := false
			for _, rest := range done.Remains {
				told = told || rest.Path == path || strings.HasPrefix(path, rest.Path+"/") || strings.HasPrefix(rest.Path, path+"/")
			}
			if !errors.Is(err, fs.ErrNotExist) && !told {
				t.Errorf("call %d: %s is there, and only %+v is told", nth, path, done.Remains)
			}
		}
		if (code == exitOK) != (len(done.Remains) == 0) {
			t.Errorf("call %d: it ends with %d, and %+v remains", nth, code, done.Remains)
		}
		if done, code, _ := removeFailing(t, where, directory, 0); code != exitOK || len(done.Remains) > 0 {
			t.Errorf("call %d: the next removal ends with %d, %+v", nth, code, done)
		}
		for _, path := range []string{where.store, where.runDirectory} {
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("call %d: %s is left: %v", nth, path, err)
			}
		}
		if !reached {
			if nth < 8 {
				t.Errorf("there are %d calls only", nth-1)
			}
			return
		}
	}
}

// removeFailing runs the command remove, whose nth call that changes a file fails.
func removeFailing(t *testing.T, where places, directory string, nth int) (done removal, code int, reached bool) {
	t.Helper()
	output, err := os.Create(filepath.Join(directory, "remove"+nthfail.OutputName))
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	command := exec.Command(os.Args[0], "remove", "--store", where.store, "--run-dir", where.runDirectory)
	command.Stdout = output
	state, reached, err := nthfail.Run(command, nth)
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(output.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(said), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &done); err != nil {
		t.Fatalf("call %d: it said %q, %v", nth, said, err)
	}
	return done, state.ExitStatus(), reached
}
