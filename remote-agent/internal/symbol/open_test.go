package symbol

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const content = "a regular file of a profiled process that is longer than the smallest header"

func readAll(t *testing.T, file *boundedFile) string {
	t.Helper()
	buffer := make([]byte, file.size)
	if err := readFullAt(file, buffer, 0); err != nil {
		t.Fatal(err)
	}
	return string(buffer)
}

// within runs a call that must not hang.
func within(t *testing.T, limit time.Duration, call func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { call(); close(done) }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatal("the call hangs")
	}
}

func TestOpenInRoot(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "secret"), strings.Repeat("secret of the host ", 10))
	secret := filepath.Join(outside, "secret")
	directory := t.TempDir()
	inside := func(name string) string { return filepath.Join(directory, name) }
	link := func(target, name string) {
		if err := os.Symlink(target, inside(name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, inside("lib/real"), content)
	link("/lib/real", "absolute")
	link("../../../../../../../../lib/real", "climbing")
	link(secret, "escape-absolute")
	link("../../../../../../../.."+secret, "escape-climbing")
	link(outside, "escape-folder")
	link("/proc/self/root"+secret, "escape-magic")
	link("loop-b", "loop-a")
	link("loop-a", "loop-b")
	write(t, inside("empty"), "")
	if err := unix.Mkfifo(inside("fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", inside("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	write(t, inside("huge"), content)
	if err := os.Truncate(inside("huge"), maxFileBytes+1); err != nil {
		t.Fatal(err)
	}
	root := openTestRoot(t, directory)

	for _, test := range []struct {
		name, path string
		want       Reason
	}{
		{"plain", "/lib/real", ""},
		{"plain without a leading slash", "lib/real", ""},
		{"an absolute link stays inside", "/absolute", ""},
		{"a climbing link stays inside", "/climbing", ""},
		{"a climbing path stays inside", "/../../../lib/real", ""},
		{"an absolute link out", "/escape-absolute", ReasonGone},
		{"a climbing link out", "/escape-climbing", ReasonGone},
		{"a link to a folder out", "/escape-folder/secret", ReasonGone},
		{"a link through procfs", "/escape-magic", ReasonGone},
		{"a loop", "/loop-a", ReasonOutside},
		{"nothing", "/missing", ReasonGone},
		{"below a file", "/lib/real/deeper", ReasonGone},
		{"a folder", "/lib", ReasonNotRegular},
		{"a FIFO without a writer", "/fifo", ReasonNotRegular},
		{"a socket", "/socket", ReasonNotRegular},
		{"an empty file", "/empty", ReasonSize},
		{"a huge sparse file", "/huge", ReasonSize},
		{"a NUL in the path", "/lib\x00/real", ReasonUnreadable},
		{"a path too long", "/" + strings.Repeat("x", 5000), ReasonUnreadable},
	} {
		t.Run(test.name, func(t *testing.T) {
			within(t, 5*time.Second, func() {
				file, err := root.open(test.path)
				if got := reasonOf(err); got != test.want {
					t.Errorf("got %q (%v), want %q", got, err, test.want)
				}
				if err != nil {
					return
				}
				if got := readAll(t, file); got != content {
					t.Errorf("read %q", got)
				}
				if err := file.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestOpenRefusesFilesOfTheKernel(t *testing.T) {
	root := openTestRoot(t, "/")
	for path, want := range map[string]Reason{
		"/proc/self/maps":            ReasonPseudo,
		"/proc/1/status":             ReasonPseudo,
		"/proc/version":              ReasonPseudo,
		"/sys/kernel/notes":          ReasonPseudo,
		"/proc/self/root/etc/passwd": ReasonOutside,
		"/proc/self/exe":             ReasonOutside,
		"/dev/null":                  ReasonNotRegular,
		"/dev/zero":                  ReasonNotRegular,
	} {
		if _, err := os.Lstat(path); err != nil {
			t.Logf("%s is not there", path)
			continue
		}
		within(t, 5*time.Second, func() {
			file, err := root.open(path)
			if err == nil {
				_ = file.Close()
			}
			if got := reasonOf(err); got != want {
				t.Errorf("%s: got %q (%v), want %q", path, got, err, want)
			}
		})
	}
}

func TestOpenRefusesDevicesBehindLinks(t *testing.T) {
	if os.Getuid() != 0 {
		missing(t, "making a device needs root")
	}
	directory := t.TempDir()
	if err := unix.Mknod(filepath.Join(directory, "device"), unix.S_IFCHR|0o644, int(unix.Mkdev(1, 5))); err != nil {
		missing(t, "mknod: "+err.Error())
	}
	if err := os.Symlink("/device", filepath.Join(directory, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := openTestRoot(t, directory).open("/link"); reasonOf(err) != ReasonNotRegular {
		t.Errorf("got %v", err)
	}
}

func TestOpenWithoutOpenat2IsATypedError(t *testing.T) {
	original := openat2
	t.Cleanup(func() { openat2 = original })
	openat2 = func(int, string, *unix.OpenHow) (int, error) { return -1, unix.ENOSYS }
	_, err := openTestRoot(t, t.TempDir()).open("/file")
	if !errors.Is(err, ErrNotSupported) || reasonOf(err) != ReasonNotSupported {
		t.Errorf("got %v", err)
	}
}

func TestOpenDoesNotWaitForALease(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "leased")
	write(t, path, content)
	owner, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close() }()
	if _, err := unix.FcntlInt(owner.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		missing(t, "write lease: "+err.Error())
	}
	signal.Ignore(unix.SIGIO) // the kernel tells the owner of a lease so, and SIGIO ends a program
	defer signal.Reset(unix.SIGIO)
	root := openTestRoot(t, directory)
	within(t, 5*time.Second, func() {
		if _, err := root.open("/leased"); reasonOf(err) != ReasonBusy {
			t.Errorf("got %v, want busy", err)
		}
	})
}

func TestGrowingAndShrinkingFiles(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "changing")
	write(t, path, content)
	file, err := openTestRoot(t, directory).open("/changing")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	write(t, path, content+strings.Repeat("more", 100_000))
	if got := readAll(t, file); got != content {
		t.Errorf("read %d bytes of a file that has grown, want the %d it had", len(got), len(content))
	}
	if n, err := file.ReadAt(make([]byte, 1000), 0); n != len(content) || err == nil {
		t.Errorf("a read beyond the end gave %d bytes and %v", n, err)
	}
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := file.ReadAt(make([]byte, len(content)), 0); reasonOf(err) != ReasonMalformed {
		t.Errorf("a file that has shrunk: got %v", err)
	}
}

func TestReadBudget(t *testing.T) {
	directory := t.TempDir()
	write(t, filepath.Join(directory, "small"), content)
	file, err := openTestRoot(t, directory).open("/small")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	buffer := make([]byte, len(content))
	for range 2*(1<<20)/len(content) + 10 {
		if _, err = file.ReadAt(buffer, 0); err != nil {
			break
		}
	}
	if reasonOf(err) != ReasonReadBudget {
		t.Errorf("reading a small file for ever ended with %v", err)
	}
}

// startIn starts a copy of sleep that lives in another root, as a container's process does.
func startIn(t *testing.T, directory string) uint32 {
	t.Helper()
	if os.Getuid() != 0 {
		missing(t, "chroot needs root")
	}
	write(t, filepath.Join(directory, "sleep.c"), "#include <unistd.h>\nint main(void) { return pause(); }\n")
	run(t, directory, "gcc", "-static", "-o", "sleep", "sleep.c")
	command := exec.Command("/sleep")
	command.Path = "/sleep"
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: directory, Pdeathsig: syscall.SIGKILL}
	command.Dir = "/"
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return uint32(command.Process.Pid)
}

func TestProcessInAnotherRootCannotEscape(t *testing.T) {
	directory := t.TempDir()
	pid := startIn(t, directory)
	if err := os.Symlink("/etc/passwd", filepath.Join(directory, "escape")); err != nil {
		t.Fatal(err)
	}
	plain, err := os.ReadFile("/proc/" + strconv.Itoa(int(pid)) + "/root/escape")
	if err != nil || len(plain) == 0 {
		t.Fatalf("the trap is no trap: %v", err)
	}
	root, err := openProcessRoot(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	if _, err := root.open("/escape"); reasonOf(err) != ReasonGone {
		t.Errorf("escaped: %v", err)
	}
	file, err := root.open("/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}

func TestProcessThatIsGone(t *testing.T) {
	command := exec.Command("true")
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := openProcessRoot(uint32(command.Process.Pid)); reasonOf(err) != ReasonGone {
		t.Errorf("got %v", err)
	}
}
