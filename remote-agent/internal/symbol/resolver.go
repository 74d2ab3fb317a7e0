package symbol

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
)

var (
	// ErrClosed is what a closed resolver answers.
	ErrClosed = errors.New("resolve address: the resolver is closed")
	// ErrNotReady says that the file was not looked at yet, because no process was observed with it since the start or too
	// many files wait. Asking again later can give a name; nil as an answer says that the file was looked at and has none.
	ErrNotReady = errors.New("resolve address: its file was not read yet")
)

// Options of a resolver. The zero value is good.
type Options struct {
	// Logger gets what should never happen; nil discards it. Refused files are counted, not logged.
	Logger *slog.Logger
	// TableBytes bounds all tables together, in memory or in files without names in Directory; 64 MiB if 0.
	TableBytes int64
	// RetryAfter is how long a refused file, or one with exported names only, is left alone; 10 minutes if 0. Then the
	// next Observe or Resolve looks again: a debug package may have been installed.
	RetryAfter time.Duration
	// HungAfter is how long one file may take before its reader is given up; 30 seconds if 0.
	HungAfter time.Duration
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Directory is where lines and inlined calls of debug information are kept between runs, in files of at most CacheBytes
	// together (256 MiB if 0), and large tables of names while they are used; made when it is missing. Without it there are
	// names only.
	Directory  string
	CacheBytes int64
	// Debuginfod are addresses of servers that are asked, in this order, for debug files by build-id, where none is installed. They
	// learn which builds run here. None without a Directory, where what they send is kept.
	Debuginfod []string
	// OnNames is called when a file got a table, or a better one, so that addresses that had no name can be asked for
	// again; renamed says that also those that had one get more now: files, lines and inlined calls. From one goroutine at a
	// time; it must not block and must not call Resolve. May be nil.
	OnNames func(fileID string, renamed bool)
}

const (
	maxEntries = 16 << 10 // files that are remembered, with a table or without
	maxQueue   = 4 << 10  // files that wait to be read
	maxPIDs    = 4        // processes that are remembered of a file, to read it again
	maxHung    = 16       // readers that may be stuck before no file is read any more
	// maxHungTogether is how many of them may be stuck in one container, or in those that share its file systems.
	maxHungTogether = 3
	maxTableShare   = 2 // one table may take this part of all memory: a half

	closePatience = 2 * time.Second
)

// FileResolver reads each file once, as soon as a process is seen with it, and keeps its table; no file stays open, since
// that would pin a container's file system. One goroutine reads, a tenth of its time where others want the CPUs.
type FileResolver struct {
	options  Options
	counters *counters
	load     func(mapping *engine.Mapping, pids []uint32, again bool) (loaded, error)
	// loadLines is nil where lines are not wanted.
	loadLines func(mapping *engine.Mapping, pids []uint32, progress func()) (made bool, err error)
	lines     *lineCache
	findOwner func(mapping *engine.Mapping, pids []uint32) (Owner, error)

	loadPerfMap func(mapping *engine.Mapping, pids []uint32, known fileState) (loaded, error)

	mutex   sync.Mutex
	entries map[string]*entry // by FileID
	recent  *list.List        // of *entry, the most recently used first
	bytes   int64             // of all tables
	queue   []*entry
	// lineQueue are files with a table whose debug information waits to be read: names come first.
	lineQueue []*entry
	questions []*question
	wake      chan struct{} // has room for one: there is work, or the end
	hung      int
	hungIn    map[string]int // by mount namespace
	namespace func(pid uint32) (string, error)
	closed    bool
	workers   sync.WaitGroup
	// generation is the worker that may take work; one that was given up finds another number.
	generation int
}

var _ Resolver = (*FileResolver)(nil)

// entry is what is known of one file.
type entry struct {
	mapping *engine.Mapping
	pids    []uint32 // the latest last
	place   *list.Element
	table   *Table // nil: none, refused or evicted
	// settled says that the file was looked at and its answer stands until retryAt (never again, if zero).
	settled bool
	retryAt time.Time
	// complete is loaded.complete of the table, state loaded.state.
	complete bool
	state    fileState
	// linesWaiting says that the file is in lineQueue or is read for its lines; they are looked for again at linesRetryAt, and
	// never where linesDone.
	linesWaiting, linesDone bool
	linesRetryAt            time.Time
	// evicted says that the table had to make room.
	evicted bool
	// reading is not nil while the file waits or is read.
	reading *reading
	// question is not nil since the file's package was asked for.
	question *question
}

// reading is a file that waits or is read. Its table is for those who wait: in the entry it may be evicted before they wake.
type reading struct {
	done  chan struct{} // closed at the end
	table *Table        // set before
}

// NewResolver starts a resolver. The caller closes it. A directory that cannot be used costs the lines, and is logged.
func NewResolver(options Options) *FileResolver {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.TableBytes <= 0 {
		options.TableBytes = 64 << 20
	}
	if options.RetryAfter <= 0 {
		options.RetryAfter = 10 * time.Minute
	}
	if options.HungAfter <= 0 {
		options.HungAfter = 30 * time.Second
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	resolver := &FileResolver{
		options: options, counters: newCounters(), entries: map[string]*entry{}, recent: list.New(), wake: make(chan struct{}, 1),
		hungIn: map[string]int{}, namespace: mountNamespace,
	}
	reader := &loader{counters: resolver.counters, own: ownRoot{}}
	resolver.load, resolver.findOwner, resolver.loadPerfMap = reader.load, reader.ownerOf, reader.loadPerfMap
	if options.Directory != "" {
		cache, err := newLineCache(options.Directory, options.CacheBytes)
		if err != nil {
			options.Logger.Error("lines of native functions are not read", slog.Any("error", err))
		} else {
			resolver.lines, reader.lines, resolver.loadLines = cache, cache, reader.loadLines
			if len(options.Debuginfod) > 0 {
				reader.own = newRemoteRoot(reader.own, options.Debuginfod, cache, resolver.counters, options)
			}
		}
	}
	resolver.startWorker()
	return resolver
}

// Observe implements Resolver.
func (r *FileResolver) Observe(pid uint32, mapping *engine.Mapping) {
	if !liesInFile(mapping) {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.closed {
		return
	}
	known := r.entryOf(mapping)
	if len(known.pids) == 0 && known.table == nil && known.reading == nil {
		known.settled = false // It was looked for without a process that has it.
	}
	if len(known.pids) == 0 || known.pids[len(known.pids)-1] != pid {
		known.pids = append(slices.DeleteFunc(known.pids, func(other uint32) bool { return other == pid }), pid)
		known.pids = known.pids[max(0, len(known.pids)-maxPIDs):]
	}
	if r.isDue(known) && !known.evicted { // What was evicted is read again for those who ask, or tables chase each other.
		r.enqueue(known)
	}
}

// Recheck implements Resolver.
func (r *FileResolver) Recheck(mapping *engine.Mapping) {
	if !liesInFile(mapping) || isVDSO(mapping.Path) {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.closed {
		return
	}
	known := r.entryOf(mapping)
	switch {
	case r.isDue(known):
		r.enqueue(known)
	case known.settled:
		r.enqueueLines(known)
	}
}

// Resolve implements Resolver. It waits while the file is read for the first time. An address without a name is not an
// error: asking again is cheap, and OnNames says when it is worth it. Errors are ErrNotReady, ErrClosed and the context's.
func (r *FileResolver) Resolve(ctx context.Context, mapping *engine.Mapping, address uint64) ([]Line, error) {
	if !liesInFile(mapping) {
		r.counters.add(counterUnnamed, 1)
		return nil, nil
	}
	table, err := r.tableOf(ctx, mapping)
	if err != nil && !errors.Is(err, ErrNotReady) {
		return nil, err
	}
	var indexed []Line
	if r.lines != nil {
		indexed = r.lines.lookup(mapping, address)
	}
	var function Function
	named := false
	if table != nil {
		function, named = table.Lookup(address)
	}
	lines := r.linesOf(function, named, indexed)
	switch {
	case len(lines) > 0:
		r.counters.add(counterNamed, 1)
		return lines, nil
	case err != nil:
		return nil, err
	default:
		r.counters.add(counterUnnamed, 1)
		return nil, nil
	}
}

// liesInFile is false for anonymous memory of processes without a perf map. The unwinder names the code that V8, the JVM and
// other runtimes put there itself.
func liesInFile(mapping *engine.Mapping) bool {
	return mapping != nil && mapping.Path != ""
}

// tableOf returns the table of a file, or nil where there is none now.
func (r *FileResolver) tableOf(ctx context.Context, mapping *engine.Mapping) (*Table, error) {
	r.mutex.Lock()
	known := r.entryOf(mapping)
	if !r.closed && r.isDue(known) && (len(known.pids) > 0 || isVDSO(mapping.Path) || mapping.BuildID != "") {
		r.enqueue(known)
	}
	table, pending, settled, closed := known.table, known.reading, known.settled, r.closed
	r.mutex.Unlock()
	if closed {
		return nil, ErrClosed
	}
	switch {
	case table != nil: // One that is being read again still serves.
		return table, nil
	case pending == nil && settled:
		return nil, nil
	case pending == nil:
		return nil, ErrNotReady
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-pending.done:
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	return pending.table, nil
}

// Counters returns all counters and gauges by name.
func (r *FileResolver) Counters() map[string]uint64 {
	result := r.counters.snapshot()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	result[gaugeTableBytes] = uint64(r.bytes)
	for _, known := range r.entries {
		if known.table != nil {
			result[gaugeTables]++
		}
	}
	return result
}

// Close ends the reading goroutine and frees the tables. A file that is being read may be finished for closePatience;
// after that, or where its reader hangs in a file system, the goroutine is left behind.
func (r *FileResolver) Close() error {
	r.mutex.Lock()
	if r.closed {
		r.mutex.Unlock()
		return nil
	}
	r.closed = true
	for _, waiting := range r.queue {
		r.finish(waiting)
	}
	for _, asked := range r.questions {
		close(asked.done)
	}
	r.queue, r.lineQueue, r.questions = nil, nil, nil
	r.mutex.Unlock()
	r.signal()
	ended := make(chan struct{})
	go func() {
		r.workers.Wait()
		close(ended)
	}()
	patience := time.NewTimer(closePatience)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
		r.options.Logger.Warn("a reader of symbols is left behind")
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.entries, r.bytes = map[string]*entry{}, 0
	r.recent.Init()
	if r.lines != nil {
		r.lines.Close()
	}
	return nil
}

// The rest is called with the mutex held.

func (r *FileResolver) entryOf(mapping *engine.Mapping) *entry {
	known, ok := r.entries[mapping.FileID]
	if !ok {
		known = &entry{mapping: mapping}
		known.place = r.recent.PushFront(known)
		r.entries[mapping.FileID] = known
		r.shrink()
	}
	r.recent.MoveToFront(known.place)
	return known
}

func (r *FileResolver) isDue(known *entry) bool {
	return known.reading == nil && (!known.settled || !known.retryAt.IsZero() && !r.options.Now().Before(known.retryAt))
}

func (r *FileResolver) enqueue(known *entry) {
	if len(r.queue) >= maxQueue {
		r.counters.add(counterDropped, 1) // It stays due: the next Observe or Resolve tries again.
		return
	}
	known.reading = &reading{done: make(chan struct{})}
	r.queue = append(r.queue, known)
	r.signal()
}

// enqueueLines lets the debug information of a file be read when all waiting names were, unless that was done.
func (r *FileResolver) enqueueLines(known *entry) {
	due := !IsPerfMap(known.mapping.Path) && !known.linesWaiting && !known.linesDone && !r.options.Now().Before(known.linesRetryAt)
	if r.loadLines == nil || !due || len(r.lineQueue) >= maxQueue {
		return
	}
	known.linesWaiting = true
	r.lineQueue = append(r.lineQueue, known)
	r.signal()
}

func (r *FileResolver) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// finish lets those go who wait for a file.
func (r *FileResolver) finish(known *entry) {
	known.reading.table = known.table
	close(known.reading.done)
	known.reading = nil
}

// settle keeps what reading a file gave. It says whether there are new names.
func (r *FileResolver) settle(known *entry, result loaded, err error) bool {
	known.settled, known.evicted = true, false
	r.recent.MoveToFront(known.place)
	known.retryAt = r.options.Now().Add(r.options.RetryAfter)
	isPerfMap := IsPerfMap(known.mapping.Path)
	if isPerfMap {
		known.retryAt = r.options.Now().Add(perfMapRetry)
	}
	defer r.shrink()
	defer r.finish(known)
	defer r.enqueueLines(known)
	if reasonOf(err) == ReasonUnchanged {
		return false
	}
	if err == nil && result.table.Bytes() > r.options.TableBytes/maxTableShare {
		err = refuse(ReasonTooMany, "table of %d bytes", result.table.Bytes())
	}
	if err != nil {
		r.counters.refused(err)
		return false // An older table stays: that a process has gone does not make its names wrong.
	}
	known.complete, known.state = result.complete, result.state
	if result.complete {
		known.retryAt = time.Time{}
	}
	better := isPerfMap || known.table == nil || known.table.Len() != result.table.Len()
	if known.table != nil {
		r.bytes -= known.table.Bytes()
	}
	known.table = result.table
	r.bytes += result.table.Bytes()
	return better
}

// settleLines keeps what reading a file's debug information gave.
func (r *FileResolver) settleLines(known *entry, err error) {
	known.linesWaiting, known.linesDone = false, err == nil
	known.linesRetryAt = r.options.Now().Add(r.options.RetryAfter)
	if err != nil && reasonOf(err) != ReasonNoLines {
		r.counters.add(counterLinesRefused+string(reasonOf(err)), 1)
	}
}

// shrink forgets the least recently used tables and files until both fit.
func (r *FileResolver) shrink() {
	for place := r.recent.Back(); place != nil && (r.bytes > r.options.TableBytes || len(r.entries) > maxEntries); {
		known, _ := place.Value.(*entry)
		place = place.Prev()
		if known.reading != nil || known.linesWaiting || place == nil {
			continue // It waits for its reader, or is the one in use.
		}
		if known.table != nil {
			r.bytes -= known.table.Bytes()
			known.table, known.settled, known.evicted = nil, false, true
			r.counters.add(counterEvicted, 1)
		}
		if len(r.entries) > maxEntries {
			r.recent.Remove(known.place)
			delete(r.entries, known.mapping.FileID)
		}
	}
}
