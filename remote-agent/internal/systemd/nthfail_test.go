//go:build linux && amd64

package systemd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pyrometer.dev/remote-agent/internal/nthfail"
)

// What the test binary is to do with the boot files of a folder instead of testing.
const (
	taskVariable   = "PYROMETER_TEST_BOOT_FILES"
	folderVariable = "PYROMETER_TEST_FOLDER"
)

func TestMain(m *testing.M) {
	task := os.Getenv(taskVariable)
	if task == "" {
		os.Exit(m.Run())
	}
	files, program := bootFilesIn(os.Getenv(folderVariable), task)
	var err error
	if task == "remove" {
		_, err = files.Remove()
	} else {
		err = files.Write(program, task, []string{"run", task}, nil)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func bootFilesIn(folder, name string) (files BootFiles, program string) {
	return BootFiles{Units: filepath.Join(folder, "units"), Programs: filepath.Join(folder, "opt/pyrometer")}, filepath.Join(folder, name)
}

// failing does a task in a process of its own whose nth call that changes a file fails.
func failing(t *testing.T, folder, task string, nth int) (done, reached bool) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), taskVariable+"="+task, folderVariable+"="+folder)
	state, reached, err := nthfail.Run(command, nth)
	if err != nil {
		t.Fatal(err)
	}
	return state.Exited() && state.ExitStatus() == 0, reached
}

// programOf answers the program that systemd would start, whole; "" where there is no unit, or it is not enabled.
func programOf(t *testing.T, files BootFiles) string {
	t.Helper()
	if !files.There() {
		return ""
	}
	text, err := os.ReadFile(files.unit())
	if errors.Is(err, fs.ErrNotExist) {
		t.Error("a unit that is not there is enabled")
		return ""
	}
	if err != nil || !strings.HasSuffix(string(text), "WantedBy=multi-user.target\n") {
		t.Errorf("half a unit: %q, %v", text, err)
	}
	_, started, _ := strings.Cut(string(text), `ExecStart="`)
	started, _, _ = strings.Cut(started, `"`)
	program, err := os.ReadFile(started)
	if err != nil {
		t.Errorf("the unit starts what is not there: %v", err)
	}
	return string(program)
}

// Whatever fails while the unit is written or replaced, what starts after a reboot is the program of before or the new one, whole.
func TestAUnitIsTheOldOneOrTheNewOneWhicheverCallFails(t *testing.T) {
	programs := map[string]string{}
	for _, name := range []string{"old", "new"} {
		programs[name] = name + strings.Repeat(" program", 10_000)
	}
	for _, before := range []string{"", "old"} {
		t.Run("before: "+before, func(t *testing.T) {
			for nth := 1; ; nth++ {
				folder := t.TempDir()
				files, _ := bootFilesIn(folder, "")
				if err := os.MkdirAll(files.Units, 0o755); err != nil {
					t.Fatal(err)
				}
				for name, content := range programs {
					if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o700); err != nil {
						t.Fatal(err)
					}
				}
				if before != "" {
					if done, _ := failing(t, folder, before, 0); !done {
						t.Fatal("it cannot be written at all")
					}
				}
				done, reached := failing(t, folder, "new", nth)
				is := programOf(t, files)
				if is != programs[before] && is != programs["new"] || done && is != programs["new"] {
					t.Errorf("call %d: done %v, and it starts %.10q", nth, done, is)
				}
				if done, _ := failing(t, folder, "new", 0); !done || programOf(t, files) != programs["new"] {
					t.Errorf("call %d: and it cannot be done again", nth)
				}
				if !reached {
					if nth < 10 {
						t.Errorf("there are %d calls only", nth-1)
					}
					return
				}
			}
		})
	}
}

func TestARemovalLeavesNothingThatStartsHalfWhicheverCallFails(t *testing.T) {
	for nth := 1; ; nth++ {
		folder := t.TempDir()
		files, program := bootFilesIn(folder, "old")
		if err := os.MkdirAll(files.Units, 0o755); err != nil {
			t.Fatal(err)
		}
		content := bytes.Repeat([]byte("old program "), 1000)
		if err := os.WriteFile(program, content, 0o700); err != nil {
			t.Fatal(err)
		}
		if done, _ := failing(t, folder, "old", 0); !done {
			t.Fatal("it cannot be written at all")
		}
		done, reached := failing(t, folder, "remove", nth)
		if is := programOf(t, files); is != "" && is != string(content) || done && is != "" {
			t.Errorf("call %d: done %v, and it starts %.10q", nth, done, is)
		}
		if done, _ := failing(t, folder, "remove", 0); !done {
			t.Errorf("call %d: and it cannot be done again", nth)
		}
		for _, path := range []string{files.unit(), files.link(), files.Programs} {
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("call %d: %s is left: %v", nth, path, err)
			}
		}
		if !reached {
			if nth < 4 {
				t.Errorf("there are %d calls only", nth-1)
			}
			return
		}
	}
}
