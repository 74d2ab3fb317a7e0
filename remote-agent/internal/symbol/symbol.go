// Package symbol gives native addresses their names, from files of the profiled processes, which are hostile input.
package symbol

import (
	"context"

	"pyrometer.dev/remote-agent/internal/engine"
)

// Line is one source position of an address. Several at one address are inlined calls, innermost first.
type Line struct {
	// Function is demangled, SystemName is as the symbol table has it.
	Function   string
	SystemName string
	// File is "" and Line 0 where no debug information says them.
	File      string
	Line      uint32
	StartLine uint32
}

// Resolver names addresses. Safe for concurrent use.
type Resolver interface {
	// Observe is told of a mapping as soon as a process is seen with it, so that the file can be opened while the process
	// lives. Never blocks.
	Observe(pid uint32, mapping *engine.Mapping)
	// Recheck says that addresses of a file lack names or lines: it is looked at again if that is due, because debug symbols
	// may have been installed. Never blocks.
	Recheck(mapping *engine.Mapping)
	// Resolve returns the lines of an address in a mapping, or nil when nothing names it (the caller then shows
	// "libfoo.so+0x1234"). An error says that this is not known yet: ErrNotReady, ErrClosed, or that of the context.
	// Done in the background at low priority, never in the sampling path.
	Resolve(ctx context.Context, mapping *engine.Mapping, address uint64) ([]Line, error)
}
