package symbol

import (
	"pyrometer.dev/remote-agent/internal/engine"
)

// loadLines makes the line index of a file, from its own debug information or that of a separate debug file, unless there is
// one already. made says that there is a new one.
func (l *loader) loadLines(mapping *engine.Mapping, pids []uint32, progress func()) (made bool, err error) {
	if isVDSO(mapping.Path) {
		return false, refuse(ReasonNoLines, "the kernel's page has no debug information")
	}
	if l.lines.has(mapping) {
		return false, nil
	}
	build := func(debug *image, beside *companions, segments []segment) error {
		beside.own, beside.refused = l.own, l.counters.refused
		builder, err := buildLineIndex(debug, beside, segments, newAllowance(l.lines.directory, progress))
		l.counters.add(counterBytesRead, uint64(beside.bytesRead))
		if err != nil {
			return err
		}
		l.counters.add(counterLinesLost, uint64(builder.unreadable))
		l.counters.add(counterSplitMissing, uint64(builder.splitMissing))
		return l.lines.store(mapping, builder)
	}
	err = l.withFile(mapping, pids, func(file *image, root opener, filePath string) error {
		if file.sectionNamed(".debug_info") != nil {
			return build(file, &companions{process: root, program: filePath, debug: filePath}, file.segments)
		}
		found, bytesRead, err := withDebugFile(root, l.own, file, filePath, l.counters.refused, func(debug *image, path string) error {
			return build(debug, &companions{process: root, program: filePath, debug: path}, file.segments)
		})
		l.counters.add(counterBytesRead, uint64(bytesRead))
		if err == nil && !found {
			err = refuse(ReasonNoLines, "%q has no debug information", filePath)
		}
		return err
	})
	switch reasonOf(err) {
	case ReasonGone, ReasonNotObserved, ReasonNotAllowed, ReasonReplaced:
		if installed := l.withInstalledDebugFile(mapping, func(debug *image, own opener, path string) error {
			return build(debug, &companions{process: own, program: path, debug: path}, debug.segments)
		}); installed == nil {
			err = nil
		}
	}
	if err == nil {
		l.counters.add(counterLines, 1)
	}
	return err == nil, err
}

// linesOf joins what the symbol table and the line index say of an address. The function around all inlined calls has its name
// from the symbol table, so that it is one function with and without debug information.
func (r *FileResolver) linesOf(function Function, named bool, indexed []Line) []Line {
	lines := make([]Line, 0, max(1, len(indexed)))
	for i, line := range indexed {
		if named && i == len(indexed)-1 {
			line.SystemName = function.Name
		}
		if line.SystemName != "" { // debug information that names no function says nothing that a person could read
			lines = append(lines, line)
		}
	}
	if named && len(lines) == 0 {
		lines = append(lines, Line{SystemName: function.Name})
	}
	for i := range lines {
		display, panicked := displayName(lines[i].SystemName)
		if panicked {
			r.counters.add(counterDemangler, 1)
		}
		lines[i].Function, lines[i].SystemName, lines[i].File = cleanName(display), cleanName(lines[i].SystemName), cleanName(lines[i].File)
	}
	return lines
}
