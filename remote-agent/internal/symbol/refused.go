package symbol

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Reason says in one word why a file gave no names. It ends the name of a counter: symbol.files.refused.<reason>.
type Reason string

// Reasons. The first group is ordinary life on a server, the second is what a hostile or broken file meets.
const (
	ReasonGone         Reason = "gone"          // the process or the path is not there any more
	ReasonNotAllowed   Reason = "not-allowed"   // the agent lacks the right to open it
	ReasonNotSupported Reason = "not-supported" // the kernel has no openat2 (Linux 5.6)
	ReasonBusy         Reason = "busy"          // somebody holds a lease on it
	ReasonNoSymbols    Reason = "no-symbols"    // a proper ELF file without one function symbol
	ReasonReplaced     Reason = "replaced"      // the path now leads to other content than what was mapped
	ReasonUnreadable   Reason = "unreadable"    // an input/output error

	ReasonNotRegular  Reason = "not-regular"   // device, FIFO, socket, directory
	ReasonPseudo      Reason = "pseudo"        // a file of procfs, sysfs and their like, where reading acts
	ReasonOutside     Reason = "outside"       // a loop of links, or a magic link
	ReasonSize        Reason = "size"          // empty, or larger than maxFileBytes
	ReasonNotELF      Reason = "not-elf"       // other content, foreign byte order or unknown class
	ReasonMalformed   Reason = "malformed"     // headers that contradict themselves or the file's size
	ReasonTooMany     Reason = "too-many"      // more symbols or bytes of names than a table may hold
	ReasonReadBudget  Reason = "read-budget"   // it made us read more than a file of its size can need
	ReasonNoLines     Reason = "no-lines"      // a proper ELF file without debug information
	ReasonBomb        Reason = "bomb"          // debug information that would grow without measure
	ReasonTextStart   Reason = "go-text-start" // a Go table whose base address cannot be told for certain
	ReasonChecksum    Reason = "checksum"      // a separate debug file that does not belong to its program
	ReasonHung        Reason = "hung"          // reading did not return (a FUSE mount can do that)
	ReasonRemote      Reason = "remote"        // a debug file server could not be asked, or its answer is none
	ReasonPanic       Reason = "panic"         // a bug of ours that the border of the package stopped
	ReasonUnchanged   Reason = "unchanged"     // looked at again: nothing has come since
	ReasonNotObserved Reason = "not-observed"  // no process was seen with it
	reasonNone        Reason = ""
)

// ErrNotSupported says that the kernel lacks what safe opening needs. It is never guessed from a version.
var ErrNotSupported = errors.New("opening files of profiled processes is not supported, needs Linux >= 5.6 (openat2)")

// RefusedError is why a file was not used.
type RefusedError struct {
	Reason Reason
	Err    error
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %v", e.Reason, e.Err) }

// Unwrap gives the cause, for errors.Is.
func (e *RefusedError) Unwrap() error { return e.Err }

func refuse(reason Reason, format string, arguments ...any) error {
	return &RefusedError{Reason: reason, Err: fmt.Errorf(format, arguments...)}
}

// reasonOf sorts any error of this package.
func reasonOf(err error) Reason {
	var refused *RefusedError
	switch {
	case err == nil:
		return reasonNone
	case errors.As(err, &refused):
		return refused.Reason
	case errors.Is(err, unix.ENOSYS):
		return ReasonNotSupported
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ESRCH), errors.Is(err, unix.ESTALE):
		return ReasonGone
	case errors.Is(err, fs.ErrPermission):
		return ReasonNotAllowed
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.EXDEV):
		return ReasonOutside
	case errors.Is(err, unix.EAGAIN):
		return ReasonBusy
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ReasonMalformed
	default:
		return ReasonUnreadable
	}
}
