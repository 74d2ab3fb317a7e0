package symbol

import (
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

const (
	// minFileBytes is the size of the smallest ELF header. It also keeps us off special files that claim to be regular
	// and empty, where an open or a read alone has effects.
	minFileBytes = 52
	// maxFileBytes admits debug files of large C++ programs and refuses endless sparse files.
	maxFileBytes = 4 << 30
	// maxReadBytes bounds what one file may make us read, whatever its headers say.
	maxReadBytes = 1 << 30
	// maxDebugReadBytes is the same for debug information, whose parts point at each other all over the file: a few seconds of
	// reading what is in memory already.
	maxDebugReadBytes = 8 << 30
)

// boundedFile is a file of a profiled process. Its size is that at the time of opening: bytes that are appended later do
// not exist, bytes that vanish are an error. It is read with pread and never mapped: a mapped file that shrinks kills the reader.
// Not safe for concurrent use.
type boundedFile struct {
	file readerAtCloser
	size int64
	// budget is how many bytes may still be read, perhaps of several files together. Each part of a file is needed at most twice (its
	// checksum and itself).
	budget *int64
	// read counts the bytes that were read.
	read int64
	// state is what the file was when it was opened.
	state fileState
}

// fileState tells whether a file has been written to or replaced since it was read.
type fileState struct {
	inode   uint64
	size    int64
	changed unix.Timespec
}

type readerAtCloser interface {
	io.ReaderAt
	io.Closer
}

func newBoundedFile(file readerAtCloser, size int64) *boundedFile {
	budget := min(2*size+(1<<20), maxReadBytes)
	return &boundedFile{file: file, size: size, budget: &budget}
}

// ReadAt implements io.ReaderAt within the size and the budget.
func (f *boundedFile) ReadAt(buffer []byte, offset int64) (int, error) {
	if offset < 0 || offset >= f.size {
		return 0, io.EOF
	}
	short := int64(len(buffer)) > f.size-offset
	if short {
		buffer = buffer[:f.size-offset]
	}
	if int64(len(buffer)) > *f.budget {
		return 0, refuse(ReasonReadBudget, "read %d bytes at %d: only %d of the allowance are left", len(buffer), offset, *f.budget)
	}
	*f.budget -= int64(len(buffer))
	n, err := f.file.ReadAt(buffer, offset)
	f.read += int64(n)
	switch {
	case err == io.EOF && n < len(buffer):
		return n, refuse(ReasonMalformed, "read %d bytes at %d: the file became shorter", len(buffer), offset)
	case err != nil && err != io.EOF:
		return n, fmt.Errorf("read file: %w", err)
	case short:
		return n, io.EOF
	default:
		return n, nil
	}
}

// Close closes the file.
func (f *boundedFile) Close() error { return f.file.Close() }

// windowReader reads small pieces, mostly in rising order, through one buffer. Not safe for concurrent use.
type windowReader struct {
	reader io.ReaderAt
	// base and size are the part of the file that is read; offsets count from base.
	base, size int64
	start      int64
	buffer     []byte
	// least is how much is read at a time; windowBytes if 0. Small where reading jumps.
	least int64
}

const windowBytes = 64 << 10

// at returns the bytes [offset, offset+length), fewer at the end of the part. They are valid until the next call.
func (w *windowReader) at(offset int64, length int) ([]byte, error) {
	if offset < 0 || offset >= w.size {
		return nil, refuse(ReasonMalformed, "offset %d lies outside of a part of %d bytes", offset, w.size)
	}
	length = int(min(int64(length), w.size-offset))
	if offset < w.start || offset+int64(length) > w.start+int64(len(w.buffer)) {
		least := w.least
		if least == 0 {
			least = windowBytes
		}
		fill := int(min(max(int64(length), least), w.size-offset))
		if cap(w.buffer) < fill {
			w.buffer = make([]byte, fill)
		}
		w.buffer = w.buffer[:fill]
		if err := readFullAt(w.reader, w.buffer, w.base+offset); err != nil {
			w.buffer = w.buffer[:0]
			return nil, err
		}
		w.start = offset
	}
	from := offset - w.start
	return w.buffer[from : from+int64(length)], nil
}

// readFullAt fills the buffer; an end within it is an error.
func readFullAt(reader io.ReaderAt, buffer []byte, offset int64) error {
	n, err := reader.ReadAt(buffer, offset)
	if n == len(buffer) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
