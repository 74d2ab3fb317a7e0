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

// maxMapsBytes bounds what is read of /proc/PID/maps: a process may have 65,530 mappings of long paths.
const maxMapsBytes = 32 << 20

// mappedFile is one executable mapping of a process.
type mappedFile struct {
	// span is "START-END" in hex, the name of the link in /proc/PID/map_files.
	span string
	// path as the process sees it, without the kernel's " (deleted)".
	path string
}

// findMapped lists the executable mappings of a process that may be the wanted file: those with that path, or, where only a
// base name is known (the unwinder keeps no more), with that base name. One for each distinct path.
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
	baseOnly := !strings.Contains(wanted, "/")
	var found []mappedFile
	seen := map[string]bool{}
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		// START-END PERMS OFFSET DEV INODE PATH; only the path holds blanks.
		span, rest, _ := strings.Cut(lines.Text(), " ")
		permissions, _, _ := strings.Cut(rest, " ")
		slash := strings.IndexByte(rest, '/')
		if len(permissions) != 4 || permissions[2] != 'x' || slash < 0 {
			continue
		}
		name := strings.TrimSuffix(strings.ReplaceAll(rest[slash:], `\012`, "\n"), deleted)
		if name != wanted && (!baseOnly || path.Base(name) != wanted) {
			continue
		}
		if !seen[name] {
			seen[name] = true
			found = append(found, mappedFile{span: span, path: name})
		}
	}
	if err := lines.Err(); err != nil {
		return found, fmt.Errorf("read mappings of process: %w", err)
	}
	return found, nil
}
