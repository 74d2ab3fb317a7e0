package symbol

import (
	"bufio"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"

	"github.com/klauspost/compress/zstd"
)

// Bounds of debug information. Reading it costs memory for what is kept and disk for what is unpacked, never by what
// the headers say.
const (
	// maxUnpackedBytes bounds what all compressed sections of a program and the files beside it may grow to, on disk in the cache's
	// directory.
	maxUnpackedBytes = 1 << 30
	// maxCompressionRatio is more than debug information ever reaches (3 to 6); a bomb is 1,000.
	maxCompressionRatio = 64
	// maxDebugUnit bounds one compilation unit, which is read as a whole.
	maxDebugUnit = 64 << 20
	// maxDebugWork bounds the entries, rows and ranges that are looked at for one program: some ten seconds.
	maxDebugWork = 200_000_000
)

// debugSection is one section of debug information; its reader counts from the section's beginning. Empty where the file has none.
type debugSection struct {
	reader io.ReaderAt
	size   int64
}

// window reads pieces that lie all over the section.
func (s debugSection) window() *windowReader {
	return &windowReader{reader: s.reader, size: s.size, least: 1 << 10}
}

// debugSections are what lines and inlined calls are read from.
type debugSections struct {
	info, abbreviations, text, lineText, line, ranges, rangeLists, addresses, textOffsets debugSection
	// unpacked are temporary files without a name.
	unpacked []*os.File
}

// splitSuffix ends the names of sections that were split off into a file of their own.
const splitSuffix = ".dwo"

// openDebugSections finds the debug information of a file in sections with a suffix; false where it has none. Compressed sections
// are unpacked. The caller closes it.
func openDebugSections(file *image, suffix string, allowed *allowance) (_ *debugSections, found bool, err error) {
	s := &debugSections{}
	defer func() {
		if err != nil || !found {
			err = errors.Join(err, s.Close())
		}
	}()
	for name, into := range map[string]*debugSection{
		".debug_info": &s.info, ".debug_abbrev": &s.abbreviations, ".debug_str": &s.text, ".debug_line_str": &s.lineText,
		".debug_line": &s.line, ".debug_ranges": &s.ranges, ".debug_rnglists": &s.rangeLists, ".debug_addr": &s.addresses,
		".debug_str_offsets": &s.textOffsets,
	} {
		section := file.sectionNamed(name + suffix)
		if section == nil {
			continue
		}
		if section.flags&elf.SHF_COMPRESSED != 0 {
			if *into, err = s.unpack(file, section, allowed); err != nil {
				return nil, false, err
			}
			continue
		}
		if span, ok := file.bytesOf(section); ok {
			*into = debugSection{reader: io.NewSectionReader(file.reader, span.offset, span.size), size: span.size}
		}
	}
	return s, s.info.size > 0 && s.abbreviations.size > 0, nil
}

// unpack writes a compressed section into a file that has no name any more, so that nothing is left when the agent is killed.
func (s *debugSections) unpack(file *image, section *section, allowed *allowance) (debugSection, error) {
	if section.kind == elf.SHT_NOBITS || !file.within(section.offset, section.size) {
		return debugSection{}, refuse(ReasonMalformed, "%s does not lie in the file", section.name)
	}
	headerBytes := int64(24)
	if file.class == elf.ELFCLASS32 {
		headerBytes = 12
	}
	var header [24]byte
	if int64(section.size) < headerBytes {
		return debugSection{}, refuse(ReasonMalformed, "%s of %d bytes is compressed without a header", section.name, section.size)
	}
	if err := readFullAt(file.reader, header[:headerBytes], int64(section.offset)); err != nil {
		return debugSection{}, err
	}
	kind := elf.CompressionType(binary.LittleEndian.Uint32(header[:]))
	size := uint64(binary.LittleEndian.Uint32(header[4:]))
	if file.class == elf.ELFCLASS64 {
		size = binary.LittleEndian.Uint64(header[8:])
	}
	packedBytes := int64(section.size) - headerBytes
	if size/maxCompressionRatio > uint64(packedBytes) {
		return debugSection{}, refuse(ReasonBomb, "%s unpacks from %d to %d bytes", section.name, packedBytes, size)
	}
	if size > uint64(allowed.unpacked) {
		return debugSection{}, refuse(ReasonReadBudget, "%s unpacks to %d bytes, %d of the allowance are left", section.name, size, allowed.unpacked)
	}
	allowed.unpacked -= int64(size)
	packed := bufio.NewReaderSize(reportingReader{
		io.NewSectionReader(file.reader, int64(section.offset)+headerBytes, packedBytes), allowed.progress,
	}, windowBytes)
	plain, err := decompressor(kind, packed)
	if err != nil {
		return debugSection{}, err
	}
	unpacked, err := nameless(allowed.scratch)
	if err != nil {
		return debugSection{}, err
	}
	s.unpacked = append(s.unpacked, unpacked)
	written, err := io.Copy(unpacked, io.LimitReader(plain, int64(size)+1))
	err = errors.Join(err, plain.Close())
	if err != nil || written != int64(size) {
		return debugSection{}, refuse(ReasonMalformed, "%s does not unpack to %d bytes: %d, %w", section.name, size, written, err)
	}
	return debugSection{reader: unpacked, size: written}, nil
}

// reportingReader tells of each read that it goes on.
type reportingReader struct {
	from     io.Reader
	progress func()
}

func (r reportingReader) Read(into []byte) (int, error) {
	r.progress()
	return r.from.Read(into)
}

func decompressor(kind elf.CompressionType, packed io.Reader) (io.ReadCloser, error) {
	switch kind {
	case elf.COMPRESS_ZLIB:
		plain, err := zlib.NewReader(packed)
		if err != nil {
			return nil, refuse(ReasonMalformed, "no zlib data: %w", err)
		}
		return plain, nil
	case elf.COMPRESS_ZSTD:
		plain, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, refuse(ReasonMalformed, "no zstd data: %w", err)
		}
		return plain.IOReadCloser(), nil
	default:
		return nil, refuse(ReasonMalformed, "unknown compression %d", kind)
	}
}

// nameless makes a temporary file that is deleted already.
func nameless(directory string) (*os.File, error) {
	file, err := os.CreateTemp(directory, cachePrefix+"new-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Close frees what was unpacked.
func (s *debugSections) Close() error {
	var failures []error
	for _, file := range s.unpacked {
		failures = append(failures, file.Close())
	}
	s.unpacked = nil
	return errors.Join(failures...)
}

// cursor reads numbers of debug information. After the first read over its end it is failed and gives zeros.
type cursor struct {
	bytes []byte
	at    int
	// wide says that offsets have 8 bytes (64-bit DWARF).
	wide   bool
	failed bool
}

func (c *cursor) take(n uint64) []byte {
	if c.failed || n > uint64(len(c.bytes)-c.at) {
		c.failed = true
		return nil
	}
	taken := c.bytes[c.at : c.at+int(n)]
	c.at += int(n)
	return taken
}

// fixed reads a little-endian number of 1 to 8 bytes.
func (c *cursor) fixed(n uint64) uint64 {
	if n > 8 {
		c.failed = true
		return 0
	}
	var value uint64
	for i, b := range c.take(n) {
		value |= uint64(b) << (8 * i)
	}
	return value
}

func (c *cursor) offset() uint64 {
	if c.wide {
		return c.fixed(8)
	}
	return c.fixed(4)
}

func (c *cursor) unsigned() uint64 {
	var value uint64
	for shift := uint(0); ; shift += 7 {
		b := c.fixed(1)
		if shift < 64 {
			value |= (b & 0x7f) << shift
		}
		if b&0x80 == 0 {
			return value
		}
	}
}

func (c *cursor) signed() int64 {
	var value int64
	for shift := uint(0); ; {
		b := c.fixed(1)
		if shift < 64 {
			value |= int64(b&0x7f) << shift
		}
		shift += 7
		if b&0x80 == 0 {
			if shift < 64 && b&0x40 != 0 {
				value |= -1 << shift
			}
			return value
		}
	}
}

// string reads until a NUL. The bytes belong to the cursor.
func (c *cursor) string() []byte {
	for end := c.at; !c.failed && end < len(c.bytes); end++ {
		if c.bytes[end] == 0 {
			text := c.bytes[c.at:end]
			c.at = end + 1
			return text
		}
	}
	c.failed = true
	return nil
}

// unitLength reads the length that every unit of debug information begins with, and whether its offsets are wide.
func (c *cursor) unitLength() uint64 {
	length := c.fixed(4)
	if length == math.MaxUint32 {
		c.wide = true
		return c.fixed(8)
	}
	return length
}
