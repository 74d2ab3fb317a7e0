package symbol

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// isVDSO knows the kernel's code page in every process by the names that it goes by: ours and the unwinder's.
func isVDSO(path string) bool {
	return path == "[vdso]" || path == "linux-vdso.1.so" || path == "linux-vdso.so.1"
}

// readVDSO copies the vDSO of this process. The kernel gives the same pages to all processes of one word size and it has
// no file; that it is the wanted one is for the caller to check by its identity.
func readVDSO() (content []byte, err error) {
	start, end, err := findVDSO()
	if err != nil {
		return nil, err
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return nil, fmt.Errorf("open own memory: %w", err)
	}
	defer func() { err = errors.Join(err, memory.Close()) }()
	content = make([]byte, end-start)
	if err := readFullAt(memory, content, int64(start)); err != nil {
		return nil, fmt.Errorf("read own vDSO: %w", err)
	}
	return content, nil
}

func findVDSO() (start, end uint64, err error) {
	const largest = 1 << 20
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0, 0, fmt.Errorf("read own mappings: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(maps))
	for lines.Scan() {
		if !strings.HasSuffix(lines.Text(), "[vdso]") {
			continue
		}
		span, _, _ := strings.Cut(lines.Text(), " ")
		from, to, _ := strings.Cut(span, "-")
		start, startErr := strconv.ParseUint(from, 16, 63)
		end, endErr := strconv.ParseUint(to, 16, 63)
		if err := errors.Join(startErr, endErr); err != nil {
			return 0, 0, fmt.Errorf("understand own mappings: %w", err)
		}
		if end <= start || end-start > largest {
			return 0, 0, fmt.Errorf("understand own mappings: a vDSO of %d bytes", end-start)
		}
		return start, end, nil
	}
	return 0, 0, refuse(ReasonGone, "this process has no vDSO")
}
