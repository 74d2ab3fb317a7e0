package symbol

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
)

const (
	// maxPerfMapBytes bounds a perf map: what is larger is refused unread.
	maxPerfMapBytes = 64 << 20
	// perfMapRetry is when a map is looked at again: a compiler goes on writing. Unchanged it costs one look at its state.
	perfMapRetry = 10 * time.Second
	// maxMadeFunction bounds what one line may claim.
	maxMadeFunction = 1 << 32
)

var perfMapPath = regexp.MustCompile(`^/tmp/perf-[0-9]{1,10}\.map$`)

// IsPerfMap says whether the path of a mapping is that of a perf map: its addresses are of the process's memory, and the names
// that just-in-time compilers gave their code are in it.
func IsPerfMap(path string) bool { return perfMapPath.MatchString(path) }

// perfMapOf names the map by the process's id in its innermost namespace, as the process itself does.
func perfMapOf(pid uint32) (string, error) {
	content, err := os.ReadFile("/proc/" + strconv.FormatUint(uint64(pid), 10) + "/status")
	if err != nil {
		return "", fmt.Errorf("read state of process: %w", err)
	}
	inner := strconv.FormatUint(uint64(pid), 10)
	for line := range strings.Lines(string(content)) {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok {
			if fields := strings.Fields(ids); len(fields) > 0 {
				inner = fields[len(fields)-1]
			}
		}
	}
	if path := "/tmp/perf-" + inner + ".map"; IsPerfMap(path) {
		return path, nil
	}
	return "", refuse(ReasonMalformed, "process %d has no id in its namespace", pid)
}

func openPerfMap(pid uint32, path string) (_ *boundedFile, err error) {
	root, err := openProcessRoot(pid)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return root.openSized(path, 1, maxPerfMapBytes)
}

// loadPerfMap reads the map of a process. errUnchanged where it is the file that known says, as long and as old.
func (l *loader) loadPerfMap(mapping *engine.Mapping, pids []uint32, known fileState) (loaded, error) {
	err := refuse(ReasonNotObserved, "no process is known that writes %q", mapping.Path)
	for _, pid := range slices.Backward(pids) {
		var opened *boundedFile
		if opened, err = openPerfMap(pid, mapping.Path); err != nil {
			continue
		}
		if opened.state == known {
			return loaded{}, errors.Join(errUnchanged, opened.Close())
		}
		l.counters.add(counterOpened, 1)
		table, parseErr := parsePerfMap(opened)
		l.counters.add(counterBytesRead, uint64(opened.read))
		if err = errors.Join(parseErr, opened.Close()); err == nil {
			l.counters.add(counterParsed, 1)
			return loaded{table: table, state: opened.state}, nil
		}
	}
	return loaded{}, err
}

// madeFunction is a line of a map. Later lines are of later code: they win where they overlap.
type madeFunction struct {
	start, end uint64
	name       uint32
	line       int
}

// parsePerfMap reads lines "START SIZE NAME" with hexadecimal numbers. What is no such line is skipped, as is a last line that
// is still being written.
func parsePerfMap(file *boundedFile) (*Table, error) {
	lines := bufio.NewReaderSize(io.NewSectionReader(file, 0, file.size), windowBytes)
	var functions []madeFunction
	var names []byte
	for {
		line, err := lines.ReadSlice('\n')
		tooLong := errors.Is(err, bufio.ErrBufferFull)
		if tooLong {
			for err = bufio.ErrBufferFull; errors.Is(err, bufio.ErrBufferFull); {
				_, err = lines.ReadSlice('\n')
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err != nil {
			break
		}
		start, size, name, ok := parseMadeFunction(line)
		if tooLong || !ok {
			continue
		}
		if len(functions) >= maxTableSymbols || len(names)+len(name) > maxTableNameBytes {
			return nil, refuse(ReasonTooMany, "more than %d functions or %d bytes of names", maxTableSymbols, maxTableNameBytes)
		}
		functions = append(functions, madeFunction{start, start + size, uint32(len(names)), len(functions)})
		names = append(append(names, name...), 0)
	}
	if len(functions) == 0 {
		return nil, refuse(ReasonNoSymbols, "the perf map names no function")
	}
	return tableOfMade(functions, names), nil
}

func parseMadeFunction(line []byte) (start, size uint64, name []byte, ok bool) {
	first, rest, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte{' '})
	second, name, _ := bytes.Cut(rest, []byte{' '})
	start, startErr := strconv.ParseUint(strings.TrimPrefix(string(first), "0x"), 16, 63)
	size, sizeErr := strconv.ParseUint(strings.TrimPrefix(string(second), "0x"), 16, 63)
	name = bytes.TrimSpace(bytes.ReplaceAll(name, []byte{0}, nil))
	ok = startErr == nil && sizeErr == nil && size > 0 && size <= maxMadeFunction && len(name) > 0
	return start, size, name[:min(len(name), maxNameBytes)], ok
}

// tableOfMade cuts the memory into ranges that are each owned by the latest function that covers it.
func tableOfMade(functions []madeFunction, names []byte) *Table {
	slices.SortFunc(functions, func(a, b madeFunction) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.line, b.line)) })
	table := &Table{names: string(names), functions: make([]function, len(functions))}
	for i, made := range functions {
		table.functions[i] = function{start: made.start, name: made.name}
	}
	own := func(from uint64, owner int32) {
		last := len(table.starts) - 1
		switch {
		case last >= 0 && table.starts[last] == from:
			table.owners[last] = owner
		case last < 0 || table.owners[last] != owner:
			table.starts, table.owners = append(table.starts, from), append(table.owners, owner)
		}
	}
	covering := &latestFirst{functions: functions}
	next := 0
	for next < len(functions) || covering.Len() > 0 {
		if covering.Len() > 0 {
			// The latest ends before another begins: what it covered belongs to the latest of the rest.
			if ends := functions[covering.open[0]].end; next == len(functions) || ends <= functions[next].start {
				for covering.Len() > 0 && functions[covering.open[0]].end <= ends {
					heap.Pop(covering)
				}
				owner := int32(noFunction)
				if covering.Len() > 0 {
					owner = covering.open[0]
				}
				own(ends, owner)
				continue
			}
		}
		heap.Push(covering, int32(next))
		own(functions[next].start, covering.open[0])
		next++
	}
	return table
}

// latestFirst is a heap of functions, the one of the latest line on top.
type latestFirst struct {
	functions []madeFunction
	open      []int32
}

func (h *latestFirst) Len() int { return len(h.open) }
func (h *latestFirst) Less(i, j int) bool {
	return h.functions[h.open[i]].line > h.functions[h.open[j]].line
}
func (h *latestFirst) Swap(i, j int) { h.open[i], h.open[j] = h.open[j], h.open[i] }

// Push implements heap.Interface.
func (h *latestFirst) Push(made any) { h.open = append(h.open, made.(int32)) } //nolint:forcetypeassert // nothing else is pushed

// Pop implements heap.Interface.
func (h *latestFirst) Pop() any {
	last := h.open[len(h.open)-1]
	h.open = h.open[:len(h.open)-1]
	return last
}
