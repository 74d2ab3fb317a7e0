package budget

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ReleaseFilePages takes the pages of files that this process has mapped for reading out of its memory: its own program, of which
// much only runs at the start, and tables that are rarely looked at. They stay in the page cache, which the kernel may empty,
// and come back by sixteen at a time where they are used. A mapping that differs from its file, as one does that a dynamic
// linker has changed before it was protected, keeps its pages.
func ReleaseFilePages() (err error) {
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("read own mappings: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var start, length uintptr
	releasable := false
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		name, value, _ := strings.Cut(line, ":")
		switch {
		case strings.Contains(name, " "): // the first line of a mapping
			start, length, releasable = readOnlyFile(line)
		case name == "Anonymous" && strings.TrimSpace(value) != "0 kB":
			releasable = false
		// The last that is asked for: changed pages that were swapped out.
		case releasable && name == "Swap" && strings.TrimSpace(value) == "0 kB":
			if _, _, code := unix.Syscall(unix.SYS_MADVISE, start, length, unix.MADV_DONTNEED); code != 0 {
				return fmt.Errorf("release file pages: %w", code)
			}
		}
	}
	return lines.Err()
}

// readOnlyFile is the mapping of a line of /proc/PID/maps (proc_pid_maps(5)), when it is of a file and cannot be written to.
//
//	00400000-00b3a000 r-xp 00000000 fd:01 1234  /usr/bin/it = 0x400000, 0x73a000, true
func readOnlyFile(line string) (start, length uintptr, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 || !strings.HasPrefix(fields[5], "/") || !strings.HasPrefix(fields[1], "r-") {
		return 0, 0, false
	}
	from, to, _ := strings.Cut(fields[0], "-")
	first, err := strconv.ParseUint(from, 16, 64)
	if err != nil {
		return 0, 0, false
	}
	end, err := strconv.ParseUint(to, 16, 64)
	if err != nil || end <= first {
		return 0, 0, false
	}
	return uintptr(first), uintptr(end - first), true
}
