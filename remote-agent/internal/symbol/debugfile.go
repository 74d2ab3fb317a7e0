package symbol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"path"
	"strings"

	"pyrometer.dev/remote-agent/internal/engine"
)

// debugRoot is where distributions install separate debug files.
const debugRoot = "/usr/lib/debug"

// opener opens a file of a profiled process by the path that the process uses.
type opener interface {
	open(path string) (*boundedFile, error)
}

// ownRoot is the file system that the agent sees: the server's. A debug package that is installed there serves containers that
// run the same build of a library; its build-id tells.
type ownRoot struct{}

func (ownRoot) open(path string) (_ *boundedFile, err error) {
	root, err := openRoot("/")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return root.open(path)
}

// debugFile is where the symbols that were stripped off a file may lie, and how to know that they are its own.
type debugFile struct {
	path string
	// buildID in hex must be that of the debug file, or, where it is "", checksum the CRC-32 of all of its bytes.
	buildID  string
	checksum uint32
}

// debugFiles lists where to look, best first: by build-id, then by the name in .gnu_debuglink next to the file, in .debug
// and below debugRoot, as gdb does.
func debugFiles(file *image, filePath string) ([]debugFile, error) {
	var found []debugFile
	buildID, err := file.buildID()
	if err != nil {
		return nil, err
	}
	if len(buildID) > 2 {
		found = append(found, debugFile{path: debugRoot + "/.build-id/" + buildID[:2] + "/" + buildID[2:] + ".debug", buildID: buildID})
	}
	name, checksum, err := file.debugLink()
	if err != nil || name == "" {
		return found, err
	}
	directory := path.Dir(filePath)
	for _, candidate := range []string{path.Join(directory, name), path.Join(directory, ".debug", name), path.Join(debugRoot, directory, name)} {
		if candidate != filePath {
			found = append(found, debugFile{path: candidate, checksum: checksum})
		}
	}
	return found, nil
}

// debugLink reads .gnu_debuglink: a file name, a NUL, padding to 4 bytes, a CRC-32. "" where there is none.
func (f *image) debugLink() (string, uint32, error) {
	section := f.sectionNamed(".gnu_debuglink")
	if section == nil {
		return "", 0, nil
	}
	const longest = 255 + 8
	span, ok := f.bytesOf(section)
	if !ok || span.size > longest {
		return "", 0, refuse(ReasonMalformed, ".gnu_debuglink of %d bytes", section.size)
	}
	content := make([]byte, span.size)
	if err := readFullAt(f.reader, content, span.offset); err != nil {
		return "", 0, err
	}
	end := bytes.IndexByte(content, 0)
	checksumAt := (end + 1 + 3) &^ 3
	if end <= 0 || checksumAt+4 > len(content) {
		return "", 0, refuse(ReasonMalformed, ".gnu_debuglink without a checksum")
	}
	name := string(content[:end])
	if strings.Contains(name, "/") || name == "." || name == ".." {
		return "", 0, refuse(ReasonMalformed, ".gnu_debuglink names %q, which is no file name", name)
	}
	return name, binary.LittleEndian.Uint32(content[checksumAt:]), nil
}

// check makes sure that an opened debug file belongs to its program.
func (d debugFile) check(file *boundedFile, debug *image) error {
	if d.buildID != "" {
		buildID, err := debug.buildID()
		if err != nil {
			return err
		}
		if buildID != d.buildID {
			return refuse(ReasonChecksum, "debug file has build-id %q, not %q", buildID, d.buildID)
		}
		return nil
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, file.size)); err != nil {
		return err
	}
	if sum.Sum32() != d.checksum {
		return refuse(ReasonChecksum, "debug file has CRC %08x, not %08x", sum.Sum32(), d.checksum)
	}
	return nil
}

// withDebugFile calls use with the first separate debug file that exists and belongs to the file. It is looked for in the
// process's root, and by build-id in the agent's own as well. found is false where there is none; what was wrong with
// those that were refused goes to refused.
func withDebugFile(
	process, own opener, file *image, filePath string, refused func(error), use func(debug *image, path string) error,
) (found bool, bytesRead int64, err error) {
	candidates, err := debugFiles(file, filePath)
	if err != nil {
		return false, 0, err
	}
	for _, candidate := range candidates {
		roots := []opener{process}
		if candidate.buildID != "" {
			roots = append(roots, own)
		}
		for _, root := range roots {
			opened, err := root.open(candidate.path)
			if err != nil {
				if reasonOf(err) != ReasonGone {
					refused(err)
				}
				continue
			}
			err = useDebugFile(candidate, file, opened, use)
			bytesRead += opened.read
			if err = errors.Join(err, opened.Close()); err == nil {
				return true, bytesRead, nil
			}
			refused(err)
		}
	}
	return false, bytesRead, nil
}

func useDebugFile(candidate debugFile, file *image, opened *boundedFile, use func(debug *image, path string) error) error {
	debug, err := readImage(opened, opened.size)
	if err != nil {
		return err
	}
	if err := candidate.check(opened, debug); err != nil {
		return err
	}
	debug.segments = file.segments // what is mapped; some tools leave odd program headers in the debug file
	return use(debug, candidate.path)
}

// hasDebugFile says whether there is something that may be a file's separate debug file.
func (l *loader) hasDebugFile(file *image, root opener, filePath string) bool {
	candidates, err := debugFiles(file, filePath)
	if err != nil {
		return false
	}
	for _, candidate := range candidates {
		for _, in := range []opener{root, l.own} {
			if opened, err := in.open(candidate.path); err == nil {
				_ = opened.Close() // only looked for
				return true
			}
			if candidate.buildID == "" {
				break // by link only next to the program
			}
		}
	}
	return false
}

// withInstalledDebugFile uses the debug file of a mapping's build-id that is installed on the server.
func (l *loader) withInstalledDebugFile(mapping *engine.Mapping, use useFile) error {
	buildID := strings.ToLower(mapping.BuildID)
	if len(buildID) <= 2 || strings.Trim(buildID, "0123456789abcdef") != "" {
		return refuse(ReasonGone, "%q has no build-id", mapping.Path)
	}
	candidate := debugFile{path: debugRoot + "/.build-id/" + buildID[:2] + "/" + buildID[2:] + ".debug", buildID: buildID}
	opened, err := l.own.open(candidate.path)
	if err != nil {
		return err
	}
	err = func() error {
		debug, err := readImage(opened, opened.size)
		if err != nil {
			return err
		}
		if err := candidate.check(opened, debug); err != nil {
			return err
		}
		return use(debug, l.own, candidate.path)
	}()
	l.counters.add(counterBytesRead, uint64(opened.read))
	return errors.Join(err, opened.Close())
}
