package engine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Bounds of what is looked at of one process.
const (
	maxMapsBytes    = 32 << 20
	maxMadeRegions  = 256
	maxRegionBytes  = 256 << 20
	trampolineBytes = 16
)

// madeRegions lists the executable memory of a process that lies in no file, with the rule to walk each.
func madeRegions(pid uint32) (found map[region]bool, err error) {
	directory := "/proc/" + strconv.FormatUint(uint64(pid), 10)
	maps, err := os.Open(directory + "/maps")
	if err != nil {
		return nil, fmt.Errorf("open mappings of process: %w", err)
	}
	defer func() { err = errors.Join(err, maps.Close()) }()
	regions, err := parseMadeRegions(io.LimitReader(maps, maxMapsBytes))
	if err != nil || len(regions) == 0 {
		return nil, err
	}
	found = map[region]bool{}
	memory, err := os.Open(directory + "/mem")
	if err != nil {
		memory = nil // Then trampolines are not told apart.
	} else {
		defer func() { err = errors.Join(err, memory.Close()) }()
	}
	for _, r := range regions {
		r.rule = walkByFramePointer
		var code [trampolineBytes]byte
		if memory != nil {
			if _, err := memory.ReadAt(code[:], int64(r.start)); err == nil && isTrampoline(code[:]) { //nolint:gosec // below 1 << 63: parsed so
				r.rule = walkByTrampoline
			}
		}
		found[r] = true
	}
	return found, nil
}

// parseMadeRegions reads the lines of /proc/PID/maps: START-END PERMISSIONS OFFSET DEVICE INODE [PATH].
func parseMadeRegions(maps io.Reader) ([]region, error) {
	var regions []region
	lines := bufio.NewScanner(maps)
	for lines.Scan() && len(regions) < maxMadeRegions {
		fields := strings.Fields(lines.Text())
		// The kernel's pages have a name in brackets; "[anon:...]" is what a process calls its own memory.
		if len(fields) < 5 || len(fields[1]) != 4 || fields[1][2] != 'x' || fields[4] != "0" ||
			len(fields) > 5 && !strings.HasPrefix(fields[5], "[anon:") {
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		start, startErr := strconv.ParseUint(from, 16, 63)
		end, endErr := strconv.ParseUint(to, 16, 63)
		if startErr == nil && endErr == nil && end > start && end-start <= maxRegionBytes {
			regions = append(regions, region{start: start, end: end})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read mappings of process: %w", err)
	}
	return regions, nil
}

// isTrampoline knows the one piece of code that CPython copies for each function (Python/asm_trampoline.S, amd64): move the
// stack pointer by 8, call the third argument.
func isTrampoline(code []byte) bool {
	code = bytes.TrimPrefix(code, []byte{0xf3, 0x0f, 0x1e, 0xfa})            // endbr64
	return bytes.HasPrefix(code, []byte{0x48, 0x83, 0xec, 0x08, 0xff, 0xd1}) // sub $8, %rsp; call *%rcx
}

// startTimeOf returns when a process began, in the kernel's ticks since boot.
func startTimeOf(pid uint32) (uint64, error) {
	content, err := os.ReadFile("/proc/" + strconv.FormatUint(uint64(pid), 10) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("read state of process: %w", err)
	}
	// The name is in parentheses and may hold anything; the 20th field after it is the start.
	const startField = 19
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	if len(fields) <= startField {
		return 0, errors.New("read state of process: too few fields")
	}
	started, err := strconv.ParseUint(fields[startField], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read state of process: %w", err)
	}
	return started, nil
}
