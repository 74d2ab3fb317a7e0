package symbol

import (
	"context"

	"pyrometer.dev/remote-agent/internal/engine"
)

// question is for the package of a file. Its answer is kept as long as the file is remembered.
type question struct {
	entry *entry
	done  chan struct{} // closed at the end
	owner Owner         // set before
}

// OwnerOf says which package a file came with, for the advice which debug symbols to install. The zero value where that is not
// known: no process of this run has the file any more, no list names it, or the context ended before it was found.
func (r *FileResolver) OwnerOf(ctx context.Context, mapping *engine.Mapping) Owner {
	if !liesInFile(mapping) || isVDSO(mapping.Path) || IsPerfMap(mapping.Path) {
		return Owner{}
	}
	r.mutex.Lock()
	known := r.entries[mapping.FileID]
	if r.closed || known == nil || known.question == nil && len(known.pids) == 0 {
		r.mutex.Unlock()
		return Owner{}
	}
	asked := known.question
	if asked == nil {
		asked = &question{entry: known, done: make(chan struct{})}
		known.question = asked
		r.questions = append(r.questions, asked)
		r.signal()
	}
	r.mutex.Unlock()
	select {
	case <-ctx.Done():
		return Owner{}
	case <-asked.done:
		return asked.owner
	}
}

// settleQuestion answers those who wait. What could not be found out may be asked again. Called with the mutex held.
func (r *FileResolver) settleQuestion(asked *question, owner Owner, err error) {
	if err != nil {
		r.counters.refused(err)
		asked.entry.question = nil
	}
	asked.owner = owner
	close(asked.done)
}
