package symbol

import (
	"bytes"
	"debug/elf"
	"errors"
	"path"
	"strconv"

	"pyrometer.dev/remote-agent/internal/engine"
)

// loaded is what a file gave.
type loaded struct {
	table *Table
	// complete says that the file's whole symbol table was had, its own or that of a debug file. Otherwise only exported
	// functions have names, and a debug file that is installed later gives more.
	complete bool
	// state is that of a perf map when it was read.
	state fileState
	// newLines says that a line index was made; the rest is empty then.
	newLines bool
	// owner is the file's package, where that was asked for.
	owner Owner
}

// loader opens a mapped file and builds its table. Safe for concurrent use: it keeps nothing but counters.
type loader struct {
	counters *counters
	// own is the agent's root, where debug files are looked for too.
	own opener
	// lines keeps what debug information says; nil: nobody wants it.
	lines *lineCache
}

// useFile reads an opened file, whose path is as the process sees it.
type useFile func(file *image, root opener, filePath string) error

// load builds the table of a file. again says that there is one already, without the file's whole symbol table: then the file
// is read only when a debug file has come, and errUnchanged answers otherwise.
func (l *loader) load(mapping *engine.Mapping, pids []uint32, again bool) (result loaded, err error) {
	if isVDSO(mapping.Path) {
		return l.loadVDSO(mapping)
	}
	err = l.withFile(mapping, pids, func(file *image, root opener, filePath string) (err error) {
		if again && !l.hasDebugFile(file, root, filePath) {
			return errUnchanged
		}
		result, err = l.parse(file, root, filePath)
		return err
	})
	if err == nil || again {
		return result, err
	}
	// Nobody has the file any more. Debug symbols that were installed on the server know it by its build-id.
	byBuildID := l.withInstalledDebugFile(mapping, func(debug *image, _ opener, _ string) error {
		builder := &tableBuilder{}
		found, err := builder.addSymbols(debug, elf.SHT_SYMTAB)
		if err == nil && (!found || len(builder.symbols) == 0) {
			err = refuse(ReasonNoSymbols, "debug file of %q has no symbol table", mapping.Path)
		}
		if err == nil {
			result = loaded{table: builder.build(), complete: true}
		}
		return err
	})
	if byBuildID == nil {
		return result, nil
	}
	return loaded{}, err
}

// errUnchanged says that looking at a file again would give what is known.
var errUnchanged = refuse(ReasonUnchanged, "no debug file has come")

// withFile tries the processes that are known to map a file, the latest first, until one gives it.
func (l *loader) withFile(mapping *engine.Mapping, pids []uint32, use useFile) error {
	if len(pids) == 0 {
		return refuse(ReasonNotObserved, "no process is known that maps %q", mapping.Path)
	}
	var lastErr error
	for i := len(pids) - 1; i >= 0; i-- {
		err := l.withFileOf(pids[i], mapping, use)
		if err == nil || reasonOf(err) == ReasonUnchanged {
			return err
		}
		// "gone" of one process says less than what another one's file was refused for.
		if lastErr == nil || reasonOf(err) != ReasonGone {
			lastErr = err
		}
	}
	return lastErr
}

func (l *loader) loadVDSO(mapping *engine.Mapping) (loaded, error) {
	content, err := readVDSO()
	if err != nil {
		return loaded{}, err
	}
	file, err := readImage(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return loaded{}, err
	}
	if err := checkIdentity(file, mapping); err != nil {
		return loaded{}, err
	}
	result, err := l.parse(file, noRoot{}, mapping.Path)
	result.complete = true // the kernel will not bring more
	return result, err
}

// noRoot is the root of what has no files.
type noRoot struct{}

func (noRoot) open(string) (*boundedFile, error) {
	return nil, refuse(ReasonGone, "there is no file system to look in")
}

func (l *loader) withFileOf(pid uint32, mapping *engine.Mapping, use useFile) (err error) {
	mapped, err := findMapped(pid, mapping.Path)
	if err != nil {
		return err
	}
	root, err := openProcessRoot(pid)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()

	if len(mapped) == 0 && path.IsAbs(mapping.Path) {
		mapped = []mappedFile{{path: mapping.Path}} // unmapped meanwhile, perhaps still there
	}
	lastErr := refuse(ReasonGone, "process %d does not map %q", pid, mapping.Path)
	for _, candidate := range mapped {
		if lastErr = l.withMapped(pid, root, candidate, mapping, use); lastErr == nil {
			return nil
		}
	}
	return lastErr
}

// withMapped tries the mapped inode, then the path: the first is sure and survives deletion, the second needs fewer rights.
func (l *loader) withMapped(pid uint32, root *processRoot, candidate mappedFile, mapping *engine.Mapping, use useFile) error {
	base := "/proc/" + strconv.FormatUint(uint64(pid), 10)
	ways := []func() (*boundedFile, error){
		func() (*boundedFile, error) { return root.open(candidate.path) },
		func() (*boundedFile, error) { return openMagic(base + "/exe") },
	}
	if candidate.span != "" {
		ways = append([]func() (*boundedFile, error){
			func() (*boundedFile, error) { return openMagic(base + "/map_files/" + candidate.span) },
		}, ways...)
	}
	var firstErr error
	for _, way := range ways {
		opened, err := way()
		if err == nil {
			l.counters.add(counterOpened, 1)
			err = readMapped(opened, root, candidate.path, mapping, use)
			l.counters.add(counterBytesRead, uint64(opened.read))
			if err = errors.Join(err, opened.Close()); err == nil {
				return nil
			}
		}
		// A file that was read and is the mapped one, but has no names, is the answer. Missing rights are not.
		switch reasonOf(err) {
		case ReasonGone, ReasonNotAllowed, ReasonReplaced, ReasonNotSupported:
			if firstErr == nil || reasonOf(firstErr) == ReasonNotAllowed {
				firstErr = err
			}
		default:
			return err
		}
	}
	return firstErr
}

func readMapped(opened *boundedFile, root opener, filePath string, mapping *engine.Mapping, use useFile) error {
	file, err := readImage(opened, opened.size)
	if err != nil {
		return err
	}
	if err := checkIdentity(file, mapping); err != nil {
		return err
	}
	return use(file, root, filePath)
}

// parse reads the names of a file: its own symbol table, else that of its debug file, else Go's table; exported functions
// are added where the first is missing.
func (l *loader) parse(file *image, root opener, filePath string) (loaded, error) {
	builder := &tableBuilder{}
	complete, err := builder.addSymbols(file, elf.SHT_SYMTAB)
	if err != nil {
		return loaded{}, err
	}
	if !complete {
		if complete, err = l.addStripped(builder, file, root, filePath); err != nil {
			return loaded{}, err
		}
	}
	if len(builder.symbols) == 0 {
		return loaded{}, refuse(ReasonNoSymbols, "%q has no function symbols", filePath)
	}
	table := builder.build()
	l.counters.add(counterParsed, 1)
	return loaded{table: table, complete: complete}, nil
}

// addStripped collects what a stripped file has, and says whether it was everything.
func (l *loader) addStripped(builder *tableBuilder, file *image, root opener, filePath string) (bool, error) {
	complete, bytesRead, err := withDebugFile(root, l.own, file, filePath, l.counters.refused, func(debug *image, _ string) error {
		found, err := builder.addSymbols(debug, elf.SHT_SYMTAB)
		if err == nil && !found {
			err = refuse(ReasonNoSymbols, "debug file of %q has no symbol table", filePath)
		}
		return err
	})
	l.counters.add(counterBytesRead, uint64(bytesRead))
	if err != nil {
		return false, err
	}
	if complete {
		l.counters.add(counterDebugFiles, 1)
	}
	if _, err := builder.addSymbols(file, elf.SHT_DYNSYM); err != nil {
		return false, err
	}
	if complete {
		return true, nil
	}
	// A Go program's own table names all of its functions. That it cannot be used is no reason to lose the exported names.
	complete, err = builder.addGoFunctions(file)
	if err != nil {
		l.counters.refused(err)
	}
	return complete, nil
}
