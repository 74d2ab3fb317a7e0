package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// kernelThreadFlag is PF_KTHREAD of include/linux/sched.h, as the flags of /proc/PID/stat show it.
const kernelThreadFlag = 0x00200000

// deletedSuffix is what the kernel adds to the target of /proc/PID/exe when the file was removed.
const deletedSuffix = " (deleted)"

// process is what /proc tells of a pid.
type process struct {
	// startTicks is the time of its start in clock ticks since boot: with the pid it names a process for ever.
	startTicks   uint64
	kernelThread bool
	// ended: a zombie, which only waits for its parent to take note.
	ended bool
	comm  string
	// executable is the path as the process sees it, "" where it may not be read.
	executable string
	// containers are the ids found in its cgroups, innermost first.
	containers []string
	// unit is the systemd service that it belongs to, "" for none.
	unit string
	// exited: it had ended before it could be read.
	exited bool
}

// errMalformedStat says that /proc/PID/stat is not as proc(5) describes it.
var errMalformedStat = errors.New("malformed /proc/PID/stat")

// procfs reads processes below a directory, which is /proc but in tests.
type procfs string

// start reads only what tells one process of a pid from the next.
func (p procfs) start(pid uint32) (uint64, error) {
	found, err := p.stat(pid)
	return found.startTicks, err
}

// read returns an error that is fs.ErrNotExist when the process is gone. What of it cannot be read stays empty.
func (p procfs) read(pid uint32) (process, error) {
	found, err := p.stat(pid)
	if err != nil {
		return process{}, err
	}
	if executable, err := os.Readlink(p.path(pid, "exe")); err == nil {
		found.executable = strings.TrimSuffix(executable, deletedSuffix)
	}
	if cgroups, err := os.ReadFile(p.path(pid, "cgroup")); err == nil {
		found.containers = containerIDs(string(cgroups))
		found.unit = unitOf(string(cgroups))
	}
	return found, nil
}

func (p procfs) stat(pid uint32) (process, error) {
	content, err := os.ReadFile(p.path(pid, "stat"))
	if err != nil {
		return process{}, fmt.Errorf("read process %d: %w", pid, err)
	}
	found, err := parseStat(string(content))
	if err != nil {
		return process{}, fmt.Errorf("read process %d: %w", pid, err)
	}
	return found, nil
}

func (p procfs) path(pid uint32, name string) string {
	return filepath.Join(string(p), strconv.FormatUint(uint64(pid), 10), name)
}

// parseStat reads "pid (comm) state ppid ...". The name may hold anything, also ") R 1": its end is the last parenthesis.
func parseStat(content string) (process, error) {
	// Positions after the name, of fields 9 and 22 in proc(5), where the state, field 3, is position 0.
	const flagsPosition, startPosition = 6, 19
	opening, closing := strings.IndexByte(content, '('), strings.LastIndexByte(content, ')')
	if opening < 0 || closing < opening {
		return process{}, errMalformedStat
	}
	fields := strings.Fields(content[closing+1:])
	if len(fields) <= startPosition {
		return process{}, errMalformedStat
	}
	flags, err := strconv.ParseUint(fields[flagsPosition], 10, 64)
	if err != nil {
		return process{}, fmt.Errorf("%w: flags: %w", errMalformedStat, err)
	}
	start, err := strconv.ParseUint(fields[startPosition], 10, 64)
	if err != nil {
		return process{}, fmt.Errorf("%w: start: %w", errMalformedStat, err)
	}
	return process{
		startTicks:   start,
		kernelThread: flags&kernelThreadFlag != 0,
		ended:        fields[0] == "Z" || fields[0] == "X",
		comm:         content[opening+1 : closing],
	}, nil
}

// StartTicks is when a process of this machine started, in clock ticks since boot: with the pid it names a process for
// ever. The error is fs.ErrNotExist when there is none, or only its zombie.
func StartTicks(pid uint32) (uint64, error) {
	found, err := procfs("/proc").stat(pid)
	if err != nil {
		return 0, err
	}
	if found.ended {
		return 0, fmt.Errorf("read process %d: it has ended: %w", pid, fs.ErrNotExist)
	}
	return found.startTicks, nil
}
