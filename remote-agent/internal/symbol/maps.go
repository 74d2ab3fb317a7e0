package symbol

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
)

const (
	// maxMapsBytes bounds what is read of /proc/PID/maps: a process may have 65,530 mappings of long paths.
	maxMapsBytes = 32 << 20
	// maxCandidates bounds the files of one base name that are tried.
	maxCandidates = 8
)

// mappedFile is one executable mapping of a process.
type mappedFile struct {
	// span is "START-END" in hex, the name of the link in /proc/PID/map_files.
	span string
	// path without the kernel's " (deleted)": as the process sees it in a container, as we see it after a mere chroot.
	path string
}

// findMapped lists the executable mappings of a process that may be the wanted file, one for each distinct path: that of
// the same path first, then those of the same base name (the unwinder keeps no more of most paths). Which one it is, its
// identity tells.
func findMapped(pid uint32, wanted string) ([]mappedFile, error) {
	file, err := os.Open("/proc/" + strconv.FormatUint(uint64(pid), 10) + "/maps")
	if err != nil {
		return nil, fmt.Errorf("open mappings of process: %w", err)
	}
	found, err := parseMapped(io.LimitReader(file, maxMapsBytes), wanted)
	if closeErr := file.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close mappings of process: %w", closeErr)
	}
	return found, err
}

func parseMapped(maps io.Reader, wanted string) ([]mappedFile, error) {
	const deleted = " (deleted)"
	wanted = strings.TrimSuffix(wanted, deleted)
	base := path.Base(wanted)
	var same, similar []mappedFile
	seen := map[string]bool{}
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		// START-END PERMISSIONS OFFSET DEVICE INODE PATH; only the path holds blanks.
		span, rest, _ := strings.Cut(lines.Text(), " ")
		permissions, _, _ := strings.Cut(rest, " ")
		slash := strings.IndexByte(rest, '/')
		if len(permissions) != 4 || permissions[2] != 'x' || slash < 0 {
			continue
		}
		name := strings.TrimSuffix(strings.ReplaceAll(rest[slash:], `\012`, "\n"), deleted)
		if path.Base(name) != base || seen[name] {
			continue
		}
		switch mapped := (mappedFile{span: span, path: name}); {
		case name == wanted:
			same = append(same, mapped)
		case len(similar) < maxCandidates:
			similar = append(similar, mapped)
		default:
			continue
		}
		seen[name] = true
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read mappings of process: %w", err)
	}
	return append(same, similar...), nil
}
