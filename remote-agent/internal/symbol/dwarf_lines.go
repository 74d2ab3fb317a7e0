package symbol

import (
	"path"
)

// lineFile is a file of a unit's line table: its id in the index.
type lineFiles []uint32

// Bounds of one line table: what compilers make stays far below.
const (
	maxLineProgram     = 32 << 20
	maxLineFiles       = 1 << 17
	maxLineDirectories = 1 << 16
	// maxLineDirectoryBytes bounds their names together.
	maxLineDirectoryBytes = 4 << 20
	maxLineFormats        = 16
)

// lineHeader is the beginning of a line program.
type lineHeader struct {
	version                  uint16
	wide                     bool
	addressSize              uint64
	minimumLength, lineRange uint64
	opcodeBase               uint64
	lineBase                 int64
	opcodeLengths            []uint64
	directories              []string // as written: those that are relative count from the unit's
	directoryBytes           int
	files                    lineFiles
	program                  int64 // where it begins in .debug_line
	end                      int64
}

// readLines runs the line program of a unit: its rows go to emit, and its files are returned for the entries that name them.
func (r *debugReader) readLines(u *debugUnit, intern func(file string) (uint32, error), emit func(row lineRow, last bool) error) (lineFiles, error) {
	if u.lineProgram < 0 || u.lineProgram >= r.sections.line.size {
		return nil, nil
	}
	header, err := r.readLineHeader(u, intern)
	if err != nil {
		return nil, err
	}
	if header.end-header.program > maxLineProgram {
		return nil, refuse(ReasonTooMany, "a line program of %d bytes", header.end-header.program)
	}
	return header.files, r.runLines(header, emit)
}

func (r *debugReader) readLineHeader(u *debugUnit, intern func(file string) (uint32, error)) (*lineHeader, error) {
	const usual, longest = 64 << 10, 16 << 20
	room := r.sections.line.size - u.lineProgram
	for _, length := range []int64{usual, longest} {
		raw := make([]byte, min(length, room))
		if err := r.allowed.spendBytes(len(raw)); err != nil {
			return nil, err
		}
		if err := readFullAt(r.sections.line.reader, raw, u.lineProgram); err != nil {
			return nil, err
		}
		header, err := r.parseLineHeader(u, raw, intern)
		if header != nil || err != nil {
			return header, err
		}
		if length >= room {
			break
		}
	}
	return nil, refuse(ReasonMalformed, "the line program at %d has no proper header", u.lineProgram)
}

// parseLineHeader returns nil where the bytes end within the header.
func (r *debugReader) parseLineHeader(u *debugUnit, raw []byte, intern func(file string) (uint32, error)) (*lineHeader, error) {
	c := &cursor{bytes: raw}
	length := c.unitLength()
	begin := int64(c.at)
	h := &lineHeader{wide: c.wide, addressSize: u.addressSize, version: uint16(c.fixed(2))}
	if room := r.sections.line.size - u.lineProgram - begin; room < 0 || length > uint64(room) {
		return nil, refuse(ReasonMalformed, "the line program at %d has %d bytes and room for %d", u.lineProgram, length, room)
	}
	h.end = u.lineProgram + begin + int64(length)
	if h.version < 2 || h.version > 5 {
		return nil, refuse(ReasonMalformed, "line program of version %d", h.version)
	}
	if h.version >= 5 {
		h.addressSize = c.fixed(1)
		c.fixed(1)
	}
	headerLength := c.offset()
	if room := uint64(h.end - u.lineProgram - int64(c.at)); headerLength > room {
		return nil, refuse(ReasonMalformed, "the header of the line program at %d is longer than the program", u.lineProgram)
	}
	h.program = u.lineProgram + int64(c.at) + int64(headerLength)
	h.minimumLength = c.fixed(1)
	if h.version >= 4 {
		c.fixed(1) // operations in an instruction: 1 on all machines that we run on
	}
	c.fixed(1) // whether rows are statements: each row is an answer
	h.lineBase, h.lineRange, h.opcodeBase = int64(int8(c.fixed(1))), c.fixed(1), c.fixed(1)
	if h.lineRange == 0 || h.opcodeBase == 0 {
		if c.failed {
			return nil, nil
		}
		return nil, refuse(ReasonMalformed, "the line program at %d has no range of lines", u.lineProgram)
	}
	for range h.opcodeBase - 1 {
		h.opcodeLengths = append(h.opcodeLengths, c.fixed(1))
	}
	var err error
	if h.version >= 5 {
		err = r.newFiles(u, c, h, intern)
	} else {
		err = r.oldFiles(u, c, h, intern)
	}
	if c.failed {
		return nil, err
	}
	return h, err
}

// oldFiles reads the directories and files of versions 2 to 4, where both count from 1.
func (r *debugReader) oldFiles(u *debugUnit, c *cursor, h *lineHeader, intern func(file string) (uint32, error)) error {
	h.directories = []string{""}
	for {
		directory := c.string()
		if len(directory) == 0 {
			break
		}
		if err := r.addDirectory(h, string(directory)); err != nil {
			return err
		}
	}
	h.files = lineFiles{noFile}
	for {
		name := c.string()
		if len(name) == 0 {
			return nil
		}
		directory := c.unsigned()
		c.unsigned()
		c.unsigned()
		if err := r.addFile(u, h, string(name), directory, intern); err != nil {
			return err
		}
	}
}

func (r *debugReader) addDirectory(h *lineHeader, name string) error {
	h.directories = append(h.directories, name)
	h.directoryBytes += len(name)
	if len(h.directories) > maxLineDirectories || h.directoryBytes > maxLineDirectoryBytes {
		return refuse(ReasonTooMany, "more than %d directories of %d bytes in a line program", maxLineDirectories, maxLineDirectoryBytes)
	}
	return r.allowed.spendBytes(len(name))
}

func (r *debugReader) addFile(u *debugUnit, h *lineHeader, name string, directory uint64, intern func(file string) (uint32, error)) error {
	if len(h.files) >= maxLineFiles {
		return refuse(ReasonTooMany, "more than %d files in a line program", maxLineFiles)
	}
	if directory < uint64(len(h.directories)) {
		name = joinPath(joinPath(u.directory, h.directories[directory]), name)
	}
	file, err := intern(name)
	if err != nil {
		return err
	}
	h.files = append(h.files, file)
	return r.allowed.spendBytes(len(name))
}

// newFiles reads the directories and files of version 5: tables that say themselves what their columns are.
func (r *debugReader) newFiles(u *debugUnit, c *cursor, h *lineHeader, intern func(file string) (uint32, error)) error {
	const columnPath, columnDirectory = 1, 2
	type column struct{ kind, form uint64 }
	inner := &debugUnit{version: 5, wide: h.wide, addressSize: h.addressSize, textBase: u.textBase}
	table := func(most uint64, add func(name string, directory uint64) error) error {
		columns := make([]column, c.fixed(1))
		if len(columns) > maxLineFormats {
			return refuse(ReasonMalformed, "%d columns of files in a line program", len(columns))
		}
		for i := range columns {
			columns[i] = column{c.unsigned(), c.unsigned()}
		}
		count := c.unsigned()
		if count > most || len(columns) == 0 && count > 0 {
			return refuse(ReasonTooMany, "%d files or directories in a line program", count)
		}
		for range count {
			var name string
			var directory uint64
			for _, column := range columns {
				at := c.at
				// Text that stands in the line program itself is read here: values know .debug_info only.
				if column.form == formString {
					if text := c.string(); column.kind == columnPath {
						name = string(text[:min(len(text), maxDebugName)])
					}
					continue
				}
				read := inner.readValue(c, uint64(at), column.form, 0)
				switch column.kind {
				case columnPath:
					text, _, err := r.string(inner, read)
					if err != nil {
						return err
					}
					name = string(text)
				case columnDirectory:
					directory = read.number
				}
			}
			if c.failed {
				return nil
			}
			if err := add(name, directory); err != nil {
				return err
			}
		}
		return nil
	}
	err := table(maxLineDirectories, func(name string, _ uint64) error {
		return r.addDirectory(h, name)
	})
	if err != nil || c.failed {
		return err
	}
	return table(maxLineFiles, func(name string, directory uint64) error { return r.addFile(u, h, name, directory, intern) })
}

func joinPath(directory, name string) string {
	if directory == "" || path.IsAbs(name) {
		return cutText(name)
	}
	return cutText(path.Join(directory, name))
}

func cutText(text string) string { return text[:min(len(text), maxDebugName)] }

// runLines runs the instructions (DWARF 5, section 6.2.5).
func (r *debugReader) runLines(h *lineHeader, emit func(row lineRow, last bool) error) error {
	const (
		extended, copyRow, advancePC, advanceLine, setFile, fixedAdvance, addConstant = 0, 1, 2, 3, 4, 9, 8

		endSequence, setAddress = 1, 2
	)
	program := make([]byte, max(h.end-h.program, 0))
	if err := r.allowed.spendBytes(len(program)); err != nil {
		return err
	}
	if err := readFullAt(r.sections.line.reader, program, h.program); err != nil {
		return err
	}
	c := &cursor{bytes: program, wide: h.wide}
	var address, file uint64
	var line int64
	reset := func() { address, file, line = 0, 1, 1 }
	reset()
	row := func(last bool) error {
		made := lineRow{address: address, file: noFile}
		if file < uint64(len(h.files)) {
			made.file = h.files[file]
		}
		if line > 0 && line < 1<<31 {
			made.line = uint32(line)
		}
		return emit(made, last)
	}
	for c.at < len(program) && !c.failed {
		if err := r.spend(1); err != nil {
			return err
		}
		var err error
		opcode := c.fixed(1)
		switch {
		case opcode >= h.opcodeBase:
			special := opcode - h.opcodeBase
			address += special / h.lineRange * h.minimumLength
			line += h.lineBase + int64(special%h.lineRange)
			err = row(false)
		case opcode == extended:
			length := c.unsigned()
			body := &cursor{bytes: c.take(length)}
			switch body.fixed(1) {
			case endSequence:
				err = row(true)
				reset()
			case setAddress:
				address = body.fixed(length - 1)
			}
		case opcode == copyRow:
			err = row(false)
		case opcode == advancePC:
			address += c.unsigned() * h.minimumLength
		case opcode == advanceLine:
			line += c.signed()
		case opcode == setFile:
			file = c.unsigned()
		case opcode == addConstant:
			address += (255 - h.opcodeBase) / h.lineRange * h.minimumLength
		case opcode == fixedAdvance:
			address += c.fixed(2)
		default:
			for range h.opcodeLengths[opcode-1] {
				c.unsigned()
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
