package symbol

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// leastParked is the size from which a table is worth a mapping of its own.
const leastParked = 64 << 10

// park moves the content of a table to a file without a name, mapped for reading: few of its pages are ever looked at, and the
// collector of garbage lets a heap grow to twice of what lives in it. The tables of one Node.js were half of the agent's memory.
// The file was written whole and nobody else can open it, so its pages can always be read.
func (t *Table) park(directory string) (_ *Table, err error) {
	file, err := unnamedFile(directory)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size := 0
	// The largest alignment first.
	for _, part := range [][]byte{
		bytesOf(t.starts), bytesOf(t.functions), bytesOf(t.owners), unsafe.Slice(unsafe.StringData(t.names), len(t.names)),
	} {
		written, err := file.Write(part)
		if err != nil {
			return nil, fmt.Errorf("park table: %w", err)
		}
		size += written
	}
	runtime.KeepAlive(t)
	if size == 0 {
		return t, nil
	}
	mapped, err := unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("park table: %w", err)
	}
	parked := &Table{}
	rest := mapped
	parked.starts, rest = take[uint64](rest, len(t.starts))
	parked.functions, rest = take[function](rest, len(t.functions))
	parked.owners, rest = take[int32](rest, len(t.owners))
	parked.names = unsafe.String(unsafe.SliceData(rest), len(rest))
	runtime.AddCleanup(parked, func(mapped []byte) { _ = unix.Munmap(mapped) }, mapped)
	return parked, nil
}

// unnamedFile makes a file that goes with its last descriptor and mapping (O_TMPFILE, open(2)).
func unnamedFile(directory string) (*os.File, error) {
	descriptor, err := unix.Open(directory, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a file without a name: %w", err)
	}
	return os.NewFile(uintptr(descriptor), directory+"/(no name)"), nil
}

func bytesOf[T any](values []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(*new(T))))
}

// take sees the first values in bytes, which are aligned for them, and answers the rest.
func take[T any](from []byte, count int) (values []T, rest []byte) {
	size := count * int(unsafe.Sizeof(*new(T)))
	if count == 0 {
		return nil, from
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(from))), count), from[size:]
}
