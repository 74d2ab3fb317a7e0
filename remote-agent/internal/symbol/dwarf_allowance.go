package symbol

// allowance is what reading the debug information of one program may still cost. The program and all files that it refers to
// share it: one that is split into a thousand files must not cost a thousand times as much.
type allowance struct {
	// read and unpacked are bytes. Those that are unpacked lie on disk, in nameless files of scratch.
	read, unpacked int64
	// work are the entries, rows, ranges and so on that are looked at.
	work    int64
	scratch string
	// progress is told now and then that reading goes on.
	progress func()
}

func newAllowance(scratch string, progress func()) *allowance {
	return &allowance{read: maxDebugReadBytes, unpacked: maxUnpackedBytes, work: maxDebugWork, scratch: scratch, progress: progress}
}

// What else costs work, as if it were so many entries.
const (
	// fileWork is opening a file and reading its headers.
	fileWork = 1 << 12
	// bytesOfWork are as many bytes of tables and texts as take the time of one entry.
	bytesOfWork = 32
)

// spend counts work and ends reading when a file makes too much of it.
func (a *allowance) spend(amount int) error {
	const announced = 1 << 16
	if (a.work-int64(amount))/announced != a.work/announced {
		a.progress()
	}
	if a.work -= int64(amount); a.work < 0 {
		return refuse(ReasonBomb, "debug information makes too many steps")
	}
	return nil
}

// spendBytes counts the work of going through bytes.
func (a *allowance) spendBytes(bytes int) error { return a.spend(1 + bytes/bytesOfWork) }
