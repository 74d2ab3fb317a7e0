package budget

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// bpfMapBytes is what the kernel holds for the BPF maps of this process, each once; 0 where it does not say.
func bpfMapBytes() uint64 {
	descriptors, err := filepath.Glob("/proc/self/fdinfo/*")
	if err != nil {
		return 0
	}
	var sum uint64
	seen := map[string]bool{}
	for _, path := range descriptors {
		content, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(content, []byte("map_id:")) {
			continue // no map, or closed meanwhile
		}
		if id := fieldOf(content, "map_id:"); !seen[id] {
			seen[id] = true
			bytes, err := strconv.ParseUint(fieldOf(content, "memlock:"), 10, 64)
			if err == nil {
				sum += bytes
			}
		}
	}
	return sum
}

// writtenBytes is what this process has caused to be written to a disk; 0 where the kernel does not count it.
func writtenBytes() uint64 {
	content, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	written, err := strconv.ParseUint(fieldOf(content, "write_bytes:"), 10, 64)
	if err != nil {
		return 0
	}
	return written
}

// fieldOf is the value of a line "name value"; "" without one.
func fieldOf(content []byte, name string) string {
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), name); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
