package symbol

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"path"
	"strings"
)

// companions open the files that debug information refers to. Names in it are hostile: they are opened in the root of the
// process; in the agent's own only below debugRoot. nil opens nothing. Not safe for concurrent use.
type companions struct {
	process, own opener
	// program and debug are the paths, as the process sees them, of the program and of the file with its debug information.
	program, debug string
	refused        func(error)
	// bytesRead counts what was read of files that are closed.
	bytesRead int64
}

// companion is an opened file; image lies in it.
type companion struct {
	*image
	file *boundedFile
	from *companions
}

// Close closes the file.
func (c *companion) Close() error {
	if c == nil {
		return nil
	}
	c.from.bytesRead += c.file.read
	return c.file.Close()
}

// find opens the first of several paths that holds the wanted file; nil where none does.
func (c *companions) find(candidates []string, isWanted func(*image) bool) (*companion, error) {
	if c == nil {
		return nil, nil
	}
	for _, candidate := range candidates {
		roots := []opener{c.process}
		if strings.HasPrefix(path.Clean(candidate), debugRoot+"/") {
			roots = append(roots, c.own)
		}
		for _, root := range roots {
			opened, err := root.open(candidate)
			if err != nil {
				if reasonOf(err) != ReasonGone {
					c.refused(err)
				}
				continue
			}
			opened.budget = maxDebugReadBytes
			file, err := readImage(opened, opened.size)
			if err == nil && !isWanted(file) {
				err = refuse(ReasonChecksum, "%q is another file than debug information refers to", candidate)
			}
			if err == nil {
				return &companion{image: file, file: opened, from: c}, nil
			}
			c.refused(err)
			c.bytesRead += opened.read
			if err := opened.Close(); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// supplementary opens the file that dwz has moved common debug information of several programs into; nil where there is none.
func (c *companions) supplementary(debug *image) (*companion, error) {
	if c == nil {
		return nil, nil
	}
	link, err := readSupplementaryLink(debug)
	if err != nil || link.path == "" {
		return nil, err
	}
	name, identity := link.path, link.identity
	id := hex.EncodeToString(identity)
	candidates := []string{name}
	if !path.IsAbs(name) {
		candidates[0] = path.Join(path.Dir(c.debug), name)
	}
	if len(id) > 2 {
		candidates = append(candidates, debugRoot+"/.build-id/"+id[:2]+"/"+id[2:]+".debug")
	}
	return c.find(candidates, func(file *image) bool {
		if buildID, err := file.buildID(); err == nil && buildID == id {
			return true
		}
		own, isIt, err := readSupplementary(file)
		return err == nil && isIt && bytes.Equal(own.identity, identity)
	})
}

// maxLinkBytes bounds a section that holds a path and an identity.
const maxLinkBytes = 4096 + 256

// supplementaryLink says where the supplementary file is, "" where there is none, and how to know it.
type supplementaryLink struct {
	path     string
	identity []byte
}

// readSupplementaryLink reads a path, a NUL and a build-id in .gnu_debugaltlink, or DWARF 5's .debug_sup.
func readSupplementaryLink(debug *image) (supplementaryLink, error) {
	content, err := debug.shortSection(".gnu_debugaltlink")
	if err != nil {
		return supplementaryLink{}, err
	}
	if content == nil {
		link, isIt, err := readSupplementary(debug)
		if isIt {
			return supplementaryLink{}, err
		}
		return link, err
	}
	end := bytes.IndexByte(content, 0)
	if end <= 0 || end+1 == len(content) {
		return supplementaryLink{}, refuse(ReasonMalformed, ".gnu_debugaltlink without a path or a build-id")
	}
	return supplementaryLink{path: string(content[:end]), identity: content[end+1:]}, nil
}

// readSupplementary reads .debug_sup: a version, whether this is the supplementary file, its path, and an identity that both have.
func readSupplementary(file *image) (link supplementaryLink, isIt bool, err error) {
	content, err := file.shortSection(".debug_sup")
	if err != nil || content == nil {
		return link, false, err
	}
	c := &cursor{bytes: content}
	version := c.fixed(2)
	isIt = c.fixed(1) != 0
	link.path = string(c.string())
	link.identity = c.take(c.unsigned())
	if c.failed || version != 5 || !isIt && link.path == "" || len(link.identity) == 0 {
		return supplementaryLink{}, false, refuse(ReasonMalformed, ".debug_sup of version %d", version)
	}
	return link, isIt, nil
}

func (f *image) shortSection(name string) ([]byte, error) {
	found := f.sectionNamed(name)
	if found == nil {
		return nil, nil
	}
	span, ok := f.bytesOf(found)
	if !ok || span.size == 0 || span.size > maxLinkBytes {
		return nil, refuse(ReasonMalformed, "%s of %d bytes", name, found.size)
	}
	content := make([]byte, span.size)
	return content, readFullAt(f.reader, content, span.offset)
}

// packed opens the package of all split debug information of the program (dwp); nil where there is none.
func (c *companions) packed() (*companion, error) {
	if c == nil {
		return nil, nil
	}
	candidates := []string{c.program + ".dwp"}
	if c.debug != c.program {
		candidates = append(candidates, c.debug+".dwp")
	}
	return c.find(candidates, func(file *image) bool { return file.sectionNamed(".debug_cu_index") != nil })
}

// split opens the file of one unit's split debug information (dwo); nil where there is none. Whose it is, its id tells.
func (c *companions) split(directory, name string) (*companion, error) {
	if c == nil || name == "" {
		return nil, nil
	}
	beside := path.Dir(c.program)
	candidates := []string{path.Join(beside, path.Base(name))}
	if path.IsAbs(name) {
		candidates = append([]string{name}, candidates...)
	} else {
		candidates = append([]string{path.Join("/", directory, name), path.Join(beside, name)}, candidates...)
	}
	return c.find(candidates, func(file *image) bool { return file.sectionNamed(".debug_info.dwo") != nil })
}

// Sections that a row of a package's index gives the parts of a unit in.
const packedInfo, packedAbbreviations, packedTextOffsets, packedRangeLists = 1, 3, 6, 8

// packedUnits are the units of a package by their ids: the part of each section that is theirs.
type packedUnits map[uint64]map[uint32]part

// readPackedUnits reads .debug_cu_index (DWARF 5, section 7.3.5; GNU's version 2 before it): a hash table of ids, the number of each one's row,
// then rows of offsets and rows of sizes, a column a section.
func readPackedUnits(file *image) (packedUnits, error) {
	const maxIndexBytes, maxColumns = 64 << 20, 16
	found := file.sectionNamed(".debug_cu_index")
	if found == nil {
		return nil, refuse(ReasonNoLines, "a package without an index")
	}
	span, ok := file.bytesOf(found)
	if !ok || span.size < 16 || span.size > maxIndexBytes {
		return nil, refuse(ReasonMalformed, ".debug_cu_index of %d bytes", found.size)
	}
	content := make([]byte, span.size)
	if err := readFullAt(file.reader, content, span.offset); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	version, columns, units, slots := le.Uint32(content)&0xffff, uint64(le.Uint32(content[4:])), uint64(le.Uint32(content[8:])), uint64(le.Uint32(content[12:]))
	idsAt, rowsAt := uint64(16), 16+8*slots
	columnsAt := rowsAt + 4*slots
	offsetsAt := columnsAt + 4*columns
	sizesAt := offsetsAt + 4*columns*units
	if version != 2 && version != 5 || columns > maxColumns || units > maxDebugUnits || slots > 4*maxDebugUnits ||
		sizesAt+4*columns*units > uint64(len(content)) {
		return nil, refuse(ReasonMalformed, ".debug_cu_index of version %d with %d units does not fit %d bytes", version, units, len(content))
	}
	number := func(at uint64) uint64 { return uint64(le.Uint32(content[at:])) }
	packed := packedUnits{}
	for slot := range slots {
		row := number(rowsAt + 4*slot)
		if row == 0 || row > units {
			continue
		}
		parts := map[uint32]part{}
		for column := range columns {
			at := 4 * ((row-1)*columns + column)
			parts[uint32(number(columnsAt+4*column))] = part{int64(number(offsetsAt + at)), int64(number(sizesAt + at))}
		}
		packed[le.Uint64(content[idsAt+8*slot:])] = parts
	}
	return packed, nil
}
