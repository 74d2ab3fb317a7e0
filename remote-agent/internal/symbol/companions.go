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
	// allowed is shared with the program.
	allowed *allowance
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
			if err := c.allowed.spend(fileWork); err != nil {
				return nil, err
			}
			opened, err := root.open(candidate)
			if err != nil {
				if reasonOf(err) != ReasonGone {
					c.refused(err)
				}
				continue
			}
			opened.budget = &c.allowed.read
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

// packedUnits is the index of a package by the ids of units (DWARF 5, section 7.3.5; GNU's version 2 before it): a hash table of ids,
// the number of each one's row, then rows of offsets and rows of sizes, a column a section.
type packedUnits struct {
	index              *windowReader
	columns            []uint32 // the section of each
	units, slots       uint64
	idsAt, rowsAt      uint64
	offsetsAt, sizesAt uint64
}

func readPackedUnits(file *image) (*packedUnits, error) {
	const maxIndexBytes, maxColumns = 64 << 20, 16
	found := file.sectionNamed(".debug_cu_index")
	if found == nil {
		return nil, refuse(ReasonNoLines, "a package without an index")
	}
	span, ok := file.bytesOf(found)
	if !ok || span.size < 16 || span.size > maxIndexBytes {
		return nil, refuse(ReasonMalformed, ".debug_cu_index of %d bytes", found.size)
	}
	index := &windowReader{reader: file.reader, base: span.offset, size: span.size, least: 1 << 10}
	raw, err := index.at(0, 16)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	version, columns := le.Uint32(raw)&0xffff, uint64(le.Uint32(raw[4:]))
	p := &packedUnits{index: index, units: uint64(le.Uint32(raw[8:])), slots: uint64(le.Uint32(raw[12:])), idsAt: 16}
	p.rowsAt = p.idsAt + 8*p.slots
	columnsAt := p.rowsAt + 4*p.slots
	p.offsetsAt = columnsAt + 4*columns
	p.sizesAt = p.offsetsAt + 4*columns*p.units
	if version != 2 && version != 5 || columns > maxColumns || p.units > maxDebugUnits || p.slots > 4*maxDebugUnits ||
		p.slots&(p.slots-1) != 0 || p.sizesAt+4*columns*p.units > uint64(span.size) {
		return nil, refuse(ReasonMalformed, ".debug_cu_index of version %d with %d units does not fit %d bytes", version, p.units, span.size)
	}
	if raw, err = index.at(int64(columnsAt), int(4*columns)); err != nil {
		return nil, err
	}
	for column := range columns {
		p.columns = append(p.columns, le.Uint32(raw[4*column:]))
	}
	return p, nil
}

// find returns the part of each section that is a unit's; nil where the package does not have it, or there is no package.
func (p *packedUnits) find(id uint64, allowed *allowance) (map[uint32]part, error) {
	if p == nil || p.slots == 0 {
		return nil, nil
	}
	slot, step := id&(p.slots-1), id>>32&(p.slots-1)|1
	for range p.slots {
		if err := allowed.spend(1); err != nil {
			return nil, err
		}
		found, err := p.number(p.idsAt+8*slot, 8)
		if err != nil {
			return nil, err
		}
		row, err := p.number(p.rowsAt+4*slot, 4)
		if err != nil {
			return nil, err
		}
		switch {
		case row == 0 && found == 0 || row > p.units:
			return nil, nil
		case row != 0 && found == id:
			return p.parts(row - 1)
		}
		slot = (slot + step) & (p.slots - 1)
	}
	return nil, nil
}

func (p *packedUnits) parts(row uint64) (map[uint32]part, error) {
	parts := map[uint32]part{}
	for column, section := range p.columns {
		at := 4 * (row*uint64(len(p.columns)) + uint64(column))
		offset, err := p.number(p.offsetsAt+at, 4)
		if err != nil {
			return nil, err
		}
		size, err := p.number(p.sizesAt+at, 4)
		if err != nil {
			return nil, err
		}
		parts[section] = part{int64(offset), int64(size)}
	}
	return parts, nil
}

func (p *packedUnits) number(at, width uint64) (uint64, error) {
	raw, err := p.index.at(int64(at), int(width))
	return (&cursor{bytes: raw}).fixed(width), err
}
