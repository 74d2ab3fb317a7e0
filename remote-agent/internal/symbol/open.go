package symbol

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// processRoot is the root directory of a profiled process, as that process sees it.
type processRoot struct {
	fd int
}

// openProcessRoot opens /proc/PID/root. The caller closes it.
func openProcessRoot(pid uint32) (*processRoot, error) {
	return openRoot("/proc/" + strconv.FormatUint(uint64(pid), 10) + "/root")
}

func openRoot(path string) (*processRoot, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open root of process: %w", err)
	}
	return &processRoot{fd: fd}, nil
}

func (r *processRoot) Close() error { return unix.Close(r.fd) }

// open opens a regular file by the path that the process uses. Links, absolute ones and ".." too, are followed as that
// process would follow them and never lead out of its root; links of procfs (/proc/self/root) are refused.
// Without openat2 there is no such promise: then the error wraps ErrNotSupported.
func (r *processRoot) open(path string) (*boundedFile, error) {
	return r.openSized(path, minFileBytes, maxFileBytes)
}

// openSized is open for a file whose size lies between least and most.
func (r *processRoot) openSized(path string, least, most int64) (*boundedFile, error) {
	fd, err := openat2(r.fd, path, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		if errors.Is(err, unix.ENOSYS) {
			return nil, &RefusedError{Reason: ReasonNotSupported, Err: ErrNotSupported}
		}
		return nil, fmt.Errorf("open %q in root of process: %w", path, err)
	}
	return openRegular(fd, path, least, most)
}

// openat2 repeats a call that a signal or a concurrent rename interrupted (EAGAIN: the kernel could not rule out that ".."
// left the root while directories moved), a few times only. It is a variable for the test of kernels that lack it.
var openat2 = func(directory int, path string, how *unix.OpenHow) (int, error) {
	var fd int
	var err error
	for range 8 {
		fd, err = unix.Openat2(directory, path, how)
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return fd, err
}

// openMagic opens what a link of procfs names: /proc/PID/map_files/START-END or /proc/PID/exe. Such a link leads to the
// very inode that is mapped, also when it was deleted or replaced, and resolves no path, so nothing can escape.
// map_files needs CAP_CHECKPOINT_RESTORE (Linux 5.9) or CAP_SYS_ADMIN.
func openMagic(link string) (*boundedFile, error) {
	fd, err := unix.Open(link, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", link, err)
	}
	return openRegular(fd, link, minFileBytes, maxFileBytes)
}

// openRegular turns an O_PATH descriptor into a readable file and closes it. What kind of file it is, is known before
// it is opened for reading: opening alone hangs on a FIFO, rewinds a tape and starts a watchdog.
func openRegular(pathFD int, name string, least, most int64) (_ *boundedFile, err error) {
	defer func() {
		if closeErr := unix.Close(pathFD); err == nil && closeErr != nil {
			err = fmt.Errorf("close path descriptor: %w", closeErr)
		}
	}()
	if err := checkRegular(pathFD, name, least, most); err != nil {
		return nil, err
	}
	// O_NONBLOCK: a lease that the profiled process holds on the file makes a blocking open wait for it.
	fd, err := unix.Open("/proc/self/fd/"+strconv.Itoa(pathFD), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %q for reading: %w", name, err)
	}
	file := os.NewFile(uintptr(fd), name)
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		return nil, errors.Join(fmt.Errorf("look at %q: %w", name, err), file.Close())
	}
	if err := checkSize(status.Size, name, least, most); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	opened := newBoundedFile(file, status.Size)
	opened.state = fileState{inode: status.Ino, size: status.Size, changed: status.Mtim}
	return opened, nil
}

func checkRegular(fd int, name string, least, most int64) error {
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		return fmt.Errorf("look at %q: %w", name, err)
	}
	if status.Mode&unix.S_IFMT != unix.S_IFREG {
		return refuse(ReasonNotRegular, "%q is no regular file (mode %o)", name, status.Mode)
	}
	var system unix.Statfs_t
	if err := unix.Fstatfs(fd, &system); err != nil {
		return fmt.Errorf("look at the file system of %q: %w", name, err)
	}
	if isPseudoFileSystem(int64(system.Type)) {
		return refuse(ReasonPseudo, "%q lies on a file system of the kernel (%#x)", name, system.Type)
	}
	return checkSize(status.Size, name, least, most)
}

func checkSize(size int64, name string, least, most int64) error {
	if size < least || size > most {
		return refuse(ReasonSize, "%q has %d bytes, not between %d and %d", name, size, least, most)
	}
	return nil
}

// isPseudoFileSystem names file systems whose "regular" files are doors into the kernel: reading /proc/kmsg or trace_pipe
// takes messages away from others, some sysfs attributes wake hardware. No program is mapped from them.
func isPseudoFileSystem(kind int64) bool {
	switch kind {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC,
		unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.BPF_FS_MAGIC, unix.SELINUX_MAGIC, unix.SMACK_MAGIC,
		unix.PSTOREFS_MAGIC, unix.EFIVARFS_MAGIC, unix.BINFMTFS_MAGIC, unix.NSFS_MAGIC, unix.RDTGROUP_SUPER_MAGIC,
		unix.DEVPTS_SUPER_MAGIC, unix.XENFS_SUPER_MAGIC:
		return true
	default:
		return false
	}
}
