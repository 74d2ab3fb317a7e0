package symbol

import (
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
)

// startWorker starts the goroutine that reads files. Called by the owner of a new resolver or with the mutex held.
func (r *FileResolver) startWorker() {
	r.generation++
	generation := r.generation
	var left sync.Once
	leave := func() { left.Do(r.workers.Done) }
	r.workers.Add(1)
	go func() {
		defer leave()
		// Its CPU time is its thread's.
		runtime.LockOSThread()
		pace := newPace()
		for {
			pace.step()
			task, ok := r.next(generation)
			if !ok {
				return
			}
			r.run(generation, task, pace, leave)
		}
	}()
}

// task is a file to read, with what the reader needs of its entry.
type task struct {
	entry   *entry
	mapping *engine.Mapping
	pids    []uint32
	// again says that the file has an incomplete table.
	again bool
	// known is what a perf map was when it was read.
	known fileState
	// lines says that debug information is to be read, not the symbol table.
	lines bool
	// question asks for the file's package; the rest of the file is left alone.
	question *question
}

// next waits for work; false is the end of this worker.
func (r *FileResolver) next(generation int) (task, bool) {
	for {
		r.mutex.Lock()
		if r.closed || generation != r.generation {
			r.mutex.Unlock()
			r.signal() // for the worker that replaced this one
			return task{}, false
		}
		if work, ok := r.takeWork(); ok {
			r.mutex.Unlock()
			return work, true
		}
		for _, asked := range r.questions {
			close(asked.done)
		}
		r.questions = nil
		for _, waiting := range r.queue { // too many readers hang: nothing is read any more
			r.settle(waiting, loaded{}, refuse(ReasonHung, "no file is read any more, %d readers hang", r.hung))
		}
		r.queue = nil
		r.mutex.Unlock()
		<-r.wake
	}
}

// takeWork takes the next file, with the mutex held. Names of all files come before the lines of any.
func (r *FileResolver) takeWork() (task, bool) {
	if r.hung >= maxHung {
		return task{}, false
	}
	if len(r.questions) > 0 { // A person waits for the answer.
		asked := r.questions[0]
		r.questions = r.questions[1:]
		return task{entry: asked.entry, mapping: asked.entry.mapping, pids: append([]uint32(nil), asked.entry.pids...), question: asked}, true
	}
	from := &r.queue
	if len(r.queue) == 0 {
		from = &r.lineQueue
	}
	if len(*from) == 0 {
		return task{}, false
	}
	known := (*from)[0]
	*from = (*from)[1:]
	return task{
		entry: known, mapping: known.mapping, pids: append([]uint32(nil), known.pids...),
		again: known.table != nil && !known.complete, lines: from == &r.lineQueue,
		known: stateOf(known),
	}, true
}

// run reads one file. A read that does not return, as a FUSE mount of a profiled container can arrange, is given up: its
// waiters get their answer, another worker takes over, and the goroutine is left to hang.
func (r *FileResolver) run(generation int, work task, pace *pace, leave func()) {
	var answered bool // guarded by the mutex
	var lastProgress atomic.Int64
	progress := func() {
		pace.step()
		lastProgress.Store(time.Now().UnixNano())
	}
	progress()
	var giveUp *time.Timer // guarded by the mutex
	namespace := r.namespaceOf(work.pids)
	r.mutex.Lock()
	if r.hungIn[namespace] >= maxHungTogether {
		r.answer(work, loaded{}, refuse(ReasonHung, "%d readers hang in the file systems of %q", r.hungIn[namespace], work.mapping.Path))
		r.mutex.Unlock()
		return
	}
	giveUp = time.AfterFunc(r.options.HungAfter, func() {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		if answered {
			return
		}
		// Debug information takes its time on a busy machine; how much work it may make is bounded otherwise.
		if still := time.Until(time.Unix(0, lastProgress.Load()).Add(r.options.HungAfter)); still > 0 {
			giveUp.Reset(still)
			return
		}
		answered = true
		r.hung++
		r.hungIn[namespace]++
		r.answer(work, loaded{}, refuse(ReasonHung, "reading %q takes longer than %s", work.mapping.Path, r.options.HungAfter))
		if !r.closed {
			r.startWorker()
		}
		leave()
	})
	r.mutex.Unlock()
	defer giveUp.Stop()

	result, err := r.loadGuarded(work, progress)
	result.table = r.parked(result.table)

	r.mutex.Lock()
	if answered {
		r.hung-- // It returned after all. The next call of next ends this worker.
		if r.hungIn[namespace]--; r.hungIn[namespace] == 0 {
			delete(r.hungIn, namespace)
		}
		r.mutex.Unlock()
		return
	}
	answered = true
	better := r.answer(work, result, err)
	r.mutex.Unlock()
	if better && r.options.OnNames != nil {
		r.options.OnNames(work.mapping.FileID, work.lines)
	}
}

// answer keeps what a task gave, with the mutex held. It says whether there are new names.
func (r *FileResolver) answer(work task, result loaded, err error) bool {
	switch {
	case work.question != nil:
		r.settleQuestion(work.question, result.owner, err)
	case work.lines:
		r.settleLines(work.entry, err)
	default:
		return r.settle(work.entry, result, err)
	}
	return result.newLines
}

// namespaceOf tells the file systems in which a task looks first; "" where nobody knows.
func (r *FileResolver) namespaceOf(pids []uint32) string {
	if len(pids) == 0 {
		return ""
	}
	namespace, err := r.namespace(pids[len(pids)-1])
	if err != nil {
		return "" // The process has ended.
	}
	return namespace
}

// parked is a table, out of the heap where it is large and there is room on the disk.
func (r *FileResolver) parked(table *Table) *Table {
	if r.options.Directory == "" || table == nil || table.Bytes() < leastParked {
		return table
	}
	parked, err := table.park(r.options.Directory)
	if err != nil {
		r.options.Logger.Debug("a table of names stays in memory", slog.Any("error", err))
		return table
	}
	return parked
}

// loadGuarded is the border of the package: should a hostile file lead to a panic in spite of all checks, it costs that file's
// names and not the agent. It is counted as refused.panic and logged: it is a bug to mend.
func (r *FileResolver) loadGuarded(work task, progress func()) (result loaded, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			r.options.Logger.Error("reading symbols panicked", slog.String("path", work.mapping.Path),
				slog.Any("panic", problem), slog.String("stack", string(debug.Stack())))
			err = refuse(ReasonPanic, "%v", problem)
		}
	}()
	if work.question != nil {
		owner, err := r.findOwner(work.mapping, work.pids)
		return loaded{owner: owner}, err
	}
	if work.lines {
		made, err := r.loadLines(work.mapping, work.pids, progress)
		return loaded{newLines: made}, err
	}
	if IsPerfMap(work.mapping.Path) {
		return r.loadPerfMap(work.mapping, work.pids, work.known)
	}
	return r.load(work.mapping, work.pids, work.again)
}

// stateOf is what a perf map was when its table was made; without a table it is to be read in any case.
func stateOf(known *entry) fileState {
	if known.table == nil {
		return fileState{}
	}
	return known.state
}
