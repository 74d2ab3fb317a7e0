package systemd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func newBootFiles(t *testing.T) (files BootFiles, program string) {
	t.Helper()
	directory := t.TempDir()
	files = BootFiles{Units: filepath.Join(directory, "units"), Programs: filepath.Join(directory, "opt/pyrometer")}
	if err := os.Mkdir(files.Units, 0o755); err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(directory, "program")
	if err := os.WriteFile(program, []byte("\x7fELF"), 0o700); err != nil {
		t.Fatal(err)
	}
	return files, program
}

func TestBootFilesAreWrittenReplacedAndRemoved(t *testing.T) {
	files, program := newBootFiles(t)
	if files.There() {
		t.Error("there before they were written")
	}
	for _, id := range []string{"0123456789ab", "0123456789ab", "ba9876543210"} {
		if err := files.Write(program, id, []string{"run", "--at-boot", "--uid", "1000"}, []string{"HTTPS_PROXY=http://p:1"}); err != nil {
			t.Fatal(err)
		}
		place := filepath.Join(files.Programs, id, programName)
		info, err := os.Stat(place)
		if err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("the program: %v, %v", info, err)
		}
		text, err := os.ReadFile(files.unit())
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{
			`ExecStart="` + place + `" "run" "--at-boot" "--uid" "1000"`, `Environment="HTTPS_PROXY=http://p:1"`,
			"CPUQuota=100%", "MemoryMax=805306368", "OOMScoreAdjust=500", "CollectMode=inactive-or-failed", "WantedBy=multi-user.target",
		} {
			if !slices.Contains(strings.Split(string(text), "\n"), line) {
				t.Errorf("the unit has no line %s:\n%s", line, text)
			}
		}
		if to, err := os.Readlink(files.link()); err != nil || to != files.unit() || !files.There() {
			t.Errorf("the link leads to %q, %v", to, err)
		}
	}
	if left, err := os.ReadDir(files.Programs); err != nil || len(left) != 1 {
		t.Errorf("programs = %v, %v, want the last one", left, err)
	}
	// A machine that went down while the program was copied leaves a part of it.
	if err := os.WriteFile(filepath.Join(files.Programs, "ba9876543210", "."+programName+"123"), []byte("\x7f"), 0o700); err != nil {
		t.Fatal(err)
	}
	removed, err := files.Remove()
	want := []string{files.link(), files.unit(), filepath.Join(files.Programs, "ba9876543210"), files.Programs}
	if err != nil || !slices.Equal(removed, want) || files.There() {
		t.Errorf("removed = %q, %v, want %q", removed, err, want)
	}
	if removed, err := files.Remove(); err != nil || len(removed) > 0 {
		t.Errorf("removed twice: %q, %v", removed, err)
	}
}

func TestWhatOthersKeepBesideTheProgramStays(t *testing.T) {
	files, program := newBootFiles(t)
	if err := files.Write(program, "0", nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(files.Programs, "of-others"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	removed, err := files.Remove()
	if err != nil || slices.Contains(removed, files.Programs) {
		t.Errorf("removed = %q, %v", removed, err)
	}
}

func TestAProgramAmongProgramsIsStartedWhereItLies(t *testing.T) {
	files, program := newBootFiles(t)
	place := func(id string) string { return filepath.Join(files.Programs, id, programName) }
	for _, id := range []string{"old", "own", "cut"} {
		if err := os.MkdirAll(filepath.Dir(place(id)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(program, place(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(place("cut"), filepath.Join(files.Programs, "cut", "."+programName+".7")); err != nil {
		t.Fatal(err)
	}
	if err := files.Succeed(program); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(files.Programs); err != nil || len(left) != 3 {
		t.Errorf("programs = %v, %v: one that lies elsewhere succeeds nobody", left, err)
	}
	if err := files.Write(place("own"), "0", nil, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(files.unit())
	if err != nil || !strings.Contains(string(text), `ExecStart="`+place("own")+`"`) {
		t.Errorf("%v, the unit is\n%s", err, text)
	}
	if left, err := os.ReadDir(files.Programs); err != nil || len(left) != 1 {
		t.Errorf("programs = %v, %v, want the one that is started", left, err)
	}
	if err := os.MkdirAll(filepath.Join(files.Programs, "new"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := files.Succeed(place("new")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(place("own")); err != nil {
		t.Errorf("what is started at every boot: %v", err)
	}
	if _, err := files.Remove(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(files.Programs); !os.IsNotExist(err) {
		t.Errorf("programs = %v, %v, want none", left, err)
	}
}

func TestWordsMeanThemselves(t *testing.T) {
	text := unitText([]string{"/a b/c", `say "hi" \ 100% $HOME`, "x\ny"}, []string{"NO_PROXY=$a,50%"})
	for _, line := range []string{`ExecStart="/a b/c" "say \"hi\" \\ 100%% $$HOME" "x\ny"`, `Environment="NO_PROXY=$a,50%%"`} {
		if !slices.Contains(strings.Split(text, "\n"), line) {
			t.Errorf("the unit has no line %s:\n%s", line, text)
		}
	}
}
