package privilege

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Dropped is what Drop made of the process.
type Dropped struct {
	// UID is what the process runs as now. It stays as it was where CAP_SETUID is missing.
	UID uint32
	// Capabilities is what is left.
	Capabilities Set
}

// Drop becomes the user and group uid (see FreeUID) and gives up, in all threads and for good, every right but those of
// Kept: capabilities, the bounding set, user id 0, all supplementary groups, and gaining any of it back by an exec (no_new_privs). Descriptors stay open.
//
// It changes the running process rather than starting it anew with ambient capabilities: BPF programs, perf events,
// sockets and the descriptor that has the kernel measure BPF programs are open by then, and most of them could not be
// opened again with what is left. Capabilities belong to threads, so each step goes through syscall.AllThreadsSyscall, by
// which the runtime makes all its threads do the call; threads that come later inherit. That works without cgo only, as
// the agent is built. What came of it is read back from the kernel for each thread.
func Drop(uid uint32) (Dropped, error) { return DropAllBut(uid, keptSet()) }

// DropAllBut is Drop with other capabilities to keep, where they are there; uid may be 0, of a process that stays root.
func DropAllBut(uid uint32, kept Set) (Dropped, error) {
	before, err := Effective()
	if err != nil {
		return Dropped{}, err
	}
	kept &= before
	err = allThreadsPrctl(unix.PR_SET_KEEPCAPS, 1)
	if errors.Is(err, unix.ENOTSUP) {
		return Dropped{}, errors.New("this agent was built with cgo and cannot change all its threads: build it with CGO_ENABLED=0")
	}
	if err != nil {
		return Dropped{}, fmt.Errorf("keep capabilities over the change of user: %w", err)
	}
	if before.Has(unix.CAP_SETPCAP) {
		if err := dropBoundingSet(kept); err != nil {
			return Dropped{}, err
		}
	}
	dropped := Dropped{UID: uint32(os.Getuid()), Capabilities: kept}
	if before.Has(unix.CAP_SETUID) && before.Has(unix.CAP_SETGID) {
		if err := becomeUser(uid); err != nil {
			return Dropped{}, err
		}
		dropped.UID = uid
	}
	if err := setCapabilities(kept); err != nil {
		return Dropped{}, err
	}
	if err := allThreadsPrctl(unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return Dropped{}, fmt.Errorf("set no_new_privs: %w", err)
	}
	return dropped, verify(dropped)
}

// keptSet is Kept, or what stands for it on kernels before 5.8 and 5.9, which do not know those capabilities yet.
func keptSet() Set {
	kept := SetOf(Kept...)
	last, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		return kept
	}
	if number, err := strconv.Atoi(strings.TrimSpace(string(last))); err == nil && number < unix.CAP_CHECKPOINT_RESTORE {
		kept |= SetOf(unix.CAP_SYS_ADMIN)
	}
	return kept
}

func allThreadsPrctl(option, argument uintptr) error {
	if _, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, option, argument, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

func dropBoundingSet(kept Set) error {
	for capability := Capability(0); capability < 64; capability++ {
		if kept.Has(capability) {
			continue
		}
		err := allThreadsPrctl(unix.PR_CAPBSET_DROP, uintptr(capability))
		if errors.Is(err, unix.EINVAL) {
			// One more than the last that this kernel knows.
			return nil
		}
		if err != nil {
			return fmt.Errorf("drop %s from the bounding set: %w", capability.Name(), err)
		}
	}
	return nil
}

// becomeUser uses package syscall, whose calls change all threads; those of x/sys/unix refuse or change one.
func becomeUser(uid uint32) error {
	if err := syscall.Setgroups(nil); err != nil {
		return fmt.Errorf("give up supplementary groups: %w", err)
	}
	id := int(uid)
	if err := syscall.Setresgid(id, id, id); err != nil {
		return fmt.Errorf("become group %d: %w", id, err)
	}
	if err := syscall.Setresuid(id, id, id); err != nil {
		return fmt.Errorf("become user %d: %w", id, err)
	}
	return nil
}

func setCapabilities(kept Set) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	low, high := uint32(kept), uint32(kept>>32)
	data := [2]unix.CapUserData{{Effective: low, Permitted: low}, {Effective: high, Permitted: high}}
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET,
		uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
	if errno != 0 {
		return fmt.Errorf("set capabilities: %w", errno)
	}
	return nil
}

// verify reads back what the kernel says of each thread.
func verify(want Dropped) error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("list threads: %w", err)
	}
	for _, task := range tasks {
		content, err := os.ReadFile("/proc/self/task/" + task.Name() + "/status")
		if errors.Is(err, os.ErrNotExist) {
			continue // ended meanwhile
		}
		if err != nil {
			return fmt.Errorf("read thread %s: %w", task.Name(), err)
		}
		if err := verifyStatus(string(content), want); err != nil {
			return fmt.Errorf("verify thread %s: %w", task.Name(), err)
		}
	}
	return nil
}

// verifyStatus compares the text of a thread's status file.
func verifyStatus(status string, want Dropped) error {
	uid := strconv.FormatUint(uint64(want.UID), 10)
	capabilities := fmt.Sprintf("%016x", uint64(want.Capabilities))
	expected := map[string]string{
		"Uid":        strings.Join([]string{uid, uid, uid, uid}, "\t"),
		"CapInh":     fmt.Sprintf("%016x", 0),
		"CapPrm":     capabilities,
		"CapEff":     capabilities,
		"CapAmb":     fmt.Sprintf("%016x", 0),
		"NoNewPrivs": "1",
	}
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		if wanted, ok := expected[name]; ok {
			if value != wanted {
				return fmt.Errorf("privileges were not dropped: %s is %q, not %q", name, value, wanted)
			}
			delete(expected, name)
		}
	}
	if len(expected) > 0 {
		return fmt.Errorf("privileges cannot be verified: the kernel shows no %v", expected)
	}
	return nil
}
