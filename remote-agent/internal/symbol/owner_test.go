package symbol

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// padding makes a file list large enough to be looked at.
const padding = "/.\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/something-with-a-long-name\n"

func TestOwnersByTheListsOfThePackageManager(t *testing.T) {
	status := "Package: libpq5\nStatus: install ok installed\nVersion: 15.1-1\n\n" +
		"Package: python3.11-minimal\nStatus: install ok installed\nVersion: 3.11.2-6+deb12u6\n\n"
	for name, test := range map[string]struct {
		files map[string]string
		path  string
		want  Owner
	}{
		"dpkg": {
			map[string]string{
				dpkgLists + "/libpq5:amd64.list":       padding + "/usr/lib/libpq.so.5",
				dpkgLists + "/python3.11-minimal.list": padding + "/usr/bin/python3.11\n/usr/bin/pdb3.11\n",
				dpkgStatus:                             status,
			},
			"/usr/bin/../bin/python3.11",
			Owner{ManagerDpkg, "python3.11-minimal", "3.11.2-6+deb12u6", "/usr/bin/python3.11"},
		},
		"the last line of a list, of a package for one architecture": {
			map[string]string{dpkgLists + "/libpq5:amd64.list": padding + "/usr/lib/libpq.so.5", dpkgStatus: status},
			"/usr/lib/libpq.so.5",
			Owner{ManagerDpkg, "libpq5", "15.1-1", "/usr/lib/libpq.so.5"},
		},
		"a package of before /usr was merged": {
			map[string]string{dpkgLists + "/libc6:amd64.list": padding + "/lib/x86_64-linux-gnu/libc.so.6\n"},
			"/usr/lib/x86_64-linux-gnu/libc.so.6",
			Owner{ManagerDpkg, "libc6", "", "/usr/lib/x86_64-linux-gnu/libc.so.6"},
		},
		"a part of a path is none": {
			map[string]string{dpkgLists + "/other.list": padding + "/usr/lib/libpq.so.5.16\n/x/usr/lib/libpq.so.5\n"},
			"/usr/lib/libpq.so.5",
			Owner{Path: "/usr/lib/libpq.so.5"},
		},
		"a name for the shell": {
			map[string]string{dpkgLists + "/$(reboot).list": padding + "/usr/lib/libpq.so.5\n"},
			"/usr/lib/libpq.so.5",
			Owner{Path: "/usr/lib/libpq.so.5"},
		},
		"a version for the shell": {
			map[string]string{
				dpkgLists + "/libpq5.list": padding + "/usr/lib/libpq.so.5\n",
				dpkgStatus:                 "Package: libpq5\nDescription: some words so that this is long enough\nVersion: 1;reboot\n",
			},
			"/usr/lib/libpq.so.5",
			Owner{ManagerDpkg, "libpq5", "", "/usr/lib/libpq.so.5"},
		},
		"apk": {
			map[string]string{apkLists: "P:zlib\nV:1.3\nF:lib\nR:libz.so.1\n\nC:Q1\nP:python3\nV:3.12.3-r1\nF:usr\nF:usr/lib\nR:libpython3.12.so.1.0\n\n"},
			"/usr/lib/libpython3.12.so.1.0",
			Owner{ManagerApk, "python3", "3.12.3-r1", "/usr/lib/libpython3.12.so.1.0"},
		},
		"rpm":     {map[string]string{"/usr/lib/sysimage/rpm/rpmdb.sqlite": "x"}, "/usr/lib64/libpq.so.5", Owner{Manager: ManagerRpm, Path: "/usr/lib64/libpq.so.5"}},
		"nothing": {nil, "/app/server", Owner{Path: "/app/server"}},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			for file, content := range test.files {
				write(t, filepath.Join(directory, file), content)
			}
			got, err := ownerIn(openTestRoot(t, directory), test.path)
			if err != nil || got != test.want {
				t.Errorf("got %+v, want %+v, %v", got, test.want, err)
			}
		})
	}
}

func TestHostileFileLists(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "info/secret.list"), padding+"/usr/lib/libpq.so.5\n")
	for name, prepare := range map[string]func(directory string) error{
		"a folder that leads out": func(directory string) error {
			return os.Symlink(filepath.Join(outside, "info"), filepath.Join(directory, dpkgLists))
		},
		"a list that leads out": func(directory string) error {
			if err := os.Mkdir(filepath.Join(directory, dpkgLists), 0o755); err != nil {
				return err
			}
			return os.Symlink(filepath.Join(outside, "info/secret.list"), filepath.Join(directory, dpkgLists, "a.list"))
		},
		"a FIFO": func(directory string) error {
			if err := os.Mkdir(filepath.Join(directory, dpkgLists), 0o755); err != nil {
				return err
			}
			return unix.Mkfifo(filepath.Join(directory, dpkgLists, "a.list"), 0o644)
		},
		"endless lists": func(directory string) error {
			if err := os.Mkdir(filepath.Join(directory, dpkgLists), 0o755); err != nil {
				return err
			}
			file, err := os.Create(filepath.Join(directory, dpkgLists, "a.list"))
			if err == nil {
				err = file.Truncate(1 << 31)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			if err := os.MkdirAll(filepath.Join(directory, filepath.Dir(dpkgLists)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := prepare(directory); err != nil {
				t.Fatal(err)
			}
			if got, err := ownerIn(openTestRoot(t, directory), "/usr/lib/libpq.so.5"); got.Package != "" {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestOwnerOfARunningProgram asks for this machine's own sleep.
func TestOwnerOfARunningProgram(t *testing.T) {
	said, err := exec.Command("dpkg", "-S", "/bin/sleep").Output()
	if err != nil {
		missing(t, "dpkg does not know /bin/sleep: "+err.Error())
	}
	want, _, _ := strings.Cut(string(said), ":")
	program := exec.Command("/bin/sleep", "600")
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Process.Kill(); _ = program.Wait() })
	resolver := newTestResolver(t, Options{})
	path, err := filepath.EvalSymlinks("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	mapping := mappingOf(t, path)
	if got := resolver.OwnerOf(t.Context(), mapping); got != (Owner{}) {
		t.Errorf("of a file that no process was seen with: %+v", got)
	}
	deadline := time.Now().Add(time.Minute)
	for { // until the child has become the program
		resolver.Observe(uint32(program.Process.Pid), mapping)
		got := resolver.OwnerOf(t.Context(), mapping)
		if got.Package == want && got.Version != "" && got.Manager == ManagerDpkg {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %+v, want %s", got, want)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
