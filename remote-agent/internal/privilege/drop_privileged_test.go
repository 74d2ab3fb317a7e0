package privilege

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A test process cannot drop its own rights, for the tests after it need them: it runs itself again with this set.
const dropHelperVariable = "PYROMETER_TEST_DROP_AS"

// dropReport is what the helper saw after dropping.
type dropReport struct {
	Threads      []string
	Groups       []int
	OpenShadow   string
	Chown        string
	Setuid       string
	ReadOtherMem bool
	// Refused are the calls that failed with EPERM after Confine; Allowed is what still works.
	Refused []string
	Allowed []string
}

func TestMain(m *testing.M) {
	if os.Getenv(dropHelperVariable) != "" {
		if err := dropHelper(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// dropHelper starts threads, drops, and prints what every thread may do.
func dropHelper() error {
	const threadCount = 8
	ready, release := make(chan struct{}), make(chan struct{})
	var threads sync.WaitGroup
	for range threadCount {
		threads.Go(func() {
			runtime.LockOSThread()
			ready <- struct{}{}
			<-release
		})
	}
	for range threadCount {
		<-ready
	}
	uid, err := FreeUID(0)
	if err != nil {
		return err
	}
	// Before: sockets that were asked for.
	asked, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer asked.Close()
	if _, err := Drop(uid); err != nil {
		return err
	}
	if err := Confine(); err != nil {
		return err
	}
	var report dropReport
	tasks, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		return err
	}
	for _, task := range tasks {
		status, err := os.ReadFile(task)
		if err != nil {
			return err
		}
		report.Threads = append(report.Threads, string(status))
	}
	if report.Groups, err = syscall.Getgroups(); err != nil {
		return err
	}
	// Still may: CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE. May no more: change owners, become root again.
	if _, err := os.ReadFile("/etc/shadow"); err != nil {
		report.OpenShadow = err.Error()
	}
	_, err = os.Readlink(fmt.Sprintf("/proc/%d/exe", os.Getppid()))
	report.ReadOtherMem = err == nil
	report.Chown = fmt.Sprint(os.Chown(os.Args[0], 0, 0))
	report.Setuid = fmt.Sprint(syscall.Setuid(0))
	report.try(asked)
	close(release)
	threads.Wait()
	return json.NewEncoder(os.Stdout).Encode(report)
}

// try makes the calls that are refused, and others that are like them.
func (r *dropReport) try(asked net.Listener) {
	byte1 := [1]byte{}
	vector := []unix.Iovec{{Base: &byte1[0], Len: 1}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&byte1[0])), Len: 1}}
	_, execError := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	_, listenError := net.Listen("tcp", "127.0.0.1:0")
	_, unixError := net.Listen("unix", fmt.Sprintf("@pyrometer-test-%d", os.Getpid()))
	_, writeError := unix.ProcessVMWritev(os.Getpid(), vector, remote, 0)
	_, _, ringError := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0)
	for name, err := range map[string]error{
		"execve": execError, "listen tcp": listenError, "listen unix": unixError, "process_vm_writev": writeError,
		"ptrace": unix.PtraceAttach(os.Getppid()), "io_uring_setup": ringError,
	} {
		if errors.Is(err, unix.EPERM) {
			r.Refused = append(r.Refused, name)
		}
	}
	slices.Sort(r.Refused)
	if n, err := unix.ProcessVMReadv(os.Getpid(), vector, remote, 0); err == nil && n == 1 {
		r.Allowed = append(r.Allowed, "process_vm_readv")
	}
	accepted := make(chan error, 1)
	go func() {
		_, err := asked.Accept()
		accepted <- err
	}()
	if _, err := net.Dial("tcp", asked.Addr().String()); err == nil && <-accepted == nil {
		r.Allowed = append(r.Allowed, "accept and connect")
	}
}

func TestDropLeavesOnlyWhatIsKept(t *testing.T) {
	effective, err := Effective()
	if err != nil {
		t.Fatal(err)
	}
	if missing := SetOf(append(Kept, unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_SETPCAP)...) &^ effective; missing != 0 {
		skipOrFail(t, fmt.Sprintf("capabilities %#x are missing", uint64(missing)))
	}
	helper := exec.Command(os.Args[0])
	helper.Env = append(os.Environ(), dropHelperVariable+"=1")
	helper.Stderr = os.Stderr
	output, err := helper.Output()
	if err != nil {
		t.Fatalf("helper: %v", err)
	}
	var report dropReport
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("helper wrote %q: %v", output, err)
	}
	if len(report.Threads) < 8 {
		t.Fatalf("looked at %d threads, want at least 8", len(report.Threads))
	}
	kept := fmt.Sprintf("%016x", uint64(SetOf(Kept...)))
	for _, status := range report.Threads {
		for _, line := range []string{
			"CapInh:\t0000000000000000\n", "CapPrm:\t" + kept + "\n", "CapEff:\t" + kept + "\n",
			"CapBnd:\t" + kept + "\n", "CapAmb:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n", "Groups:\t \n",
		} {
			if !strings.Contains(status, line) {
				t.Errorf("thread status lacks %q:\n%s", line, status)
			}
		}
		if strings.Contains(status, "Uid:\t0") || strings.Contains(status, "Gid:\t0") {
			t.Errorf("thread is still root:\n%s", status)
		}
	}
	if len(report.Groups) > 0 {
		t.Errorf("groups = %v, want none", report.Groups)
	}
	if report.OpenShadow != "" || !report.ReadOtherMem {
		t.Errorf("kept capabilities do not work: shadow %q, other process %v", report.OpenShadow, report.ReadOtherMem)
	}
	if got := strings.Join(report.Refused, ", "); got != "execve, io_uring_setup, listen tcp, listen unix, process_vm_writev, ptrace" {
		t.Errorf("refused: %s", got)
	}
	if got := strings.Join(report.Allowed, ", "); got != "process_vm_readv, accept and connect" {
		t.Errorf("allowed: %s", got)
	}
	if report.Chown == "<nil>" || report.Setuid == "<nil>" {
		t.Errorf("dropped capabilities still work: chown %q, setuid %q", report.Chown, report.Setuid)
	}
}

func TestMemlockFilterAnswersOnlyRaisingTheLimit(t *testing.T) {
	effective, err := Effective()
	if err != nil {
		t.Fatal(err)
	}
	if effective.Has(unix.CAP_SYS_RESOURCE) {
		t.Skip("CAP_SYS_RESOURCE is there: no filter is installed; e2e/kernels has the limit of a real login")
	}
	if !effective.Has(unix.CAP_BPF) {
		skipOrFail(t, "CAP_BPF is missing")
	}
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &unlimited, nil); !errors.Is(err, unix.EPERM) {
		t.Fatalf("before: %v, want EPERM", err)
	}
	if err := AllowMemlock(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &unlimited, nil); err != nil {
		t.Errorf("raise RLIMIT_MEMLOCK: %v, want success", err)
	}
	var limit unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &limit); err != nil || limit.Max == unix.RLIM_INFINITY {
		t.Errorf("read RLIMIT_MEMLOCK = %v, %v, want the real limit", limit, err)
	}
	if err := unix.Prlimit(0, unix.RLIMIT_CORE, nil, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Max++
	if limit.Max != 0 { // was not unlimited
		if err := unix.Prlimit(0, unix.RLIMIT_CORE, &limit, nil); !errors.Is(err, unix.EPERM) {
			t.Errorf("raise RLIMIT_CORE: %v, want EPERM", err)
		}
	}
}

// skipOrFail says why a test cannot run here. With CI=true nothing is skipped.
func skipOrFail(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("cannot run here, and CI=true: %s", reason)
	}
	t.Skip(reason)
}
