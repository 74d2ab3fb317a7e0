package store

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/pause"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/window"
)

// Symbolizer names native addresses: those of a new window within a small budget before it is stored, and the rest in
// the background.
type Symbolizer struct {
	store    *Store
	resolver symbol.Resolver
	logger   *slog.Logger
	wake     chan struct{}
	// asked remembers what Before has resolved or given up, so that a stack of the last window costs nothing.
	asked *generations[Address, struct{}]

	renewedMu sync.Mutex
	renewed   map[string]bool // files whose addresses are to be asked for again; true: also those that have a name

	named   atomic.Uint64
	unnamed atomic.Uint64
	failed  atomic.Uint64
}

// SymbolCounters are fates of addresses in the background since the start.
type SymbolCounters struct {
	// Named have a function now; Unnamed are shown as file+address, since nothing names them; Failed are attempts to
	// read a file that ended with an error.
	Named, Unnamed, Failed uint64
}

const (
	// namingBatch is how many addresses are resolved between two writes: a person sees names come in steps of it.
	namingBatch = 256
	// namingPause follows a batch, so that naming takes part of one core at most and the writer stays free.
	namingPause = 20 * time.Millisecond
	// resolveTimeout bounds one address: files of profiled processes may be on a file system that hangs.
	resolveTimeout = 5 * time.Second
	// recheckInterval is when files of native code are looked at again: debug symbols may have been installed.
	recheckInterval = 10 * time.Minute
	// retryInterval is when addresses whose resolver had an error are looked at again.
	retryInterval = 30 * time.Second
)

// NewSymbolizer makes a symbolizer; Run does its background part.
func NewSymbolizer(store *Store, resolver symbol.Resolver, logger *slog.Logger) *Symbolizer {
	return &Symbolizer{
		store: store, resolver: resolver, logger: logger, wake: make(chan struct{}, 1),
		asked: newGenerations[Address, struct{}](cachedLocations), renewed: map[string]bool{},
	}
}

// Counters since the start.
func (z *Symbolizer) Counters() SymbolCounters {
	return SymbolCounters{Named: z.named.Load(), Unnamed: z.unnamed.Load(), Failed: z.failed.Load()}
}

// Before resolves addresses of an interval that were not asked for yet, until the budget is spent. Not for concurrent
// use with itself.
func (z *Symbolizer) Before(ctx context.Context, interval window.Interval, budget time.Duration) Names {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	names := Names{}
	for _, w := range interval.Windows {
		for _, stack := range w.Stacks {
			for _, frame := range stack.Frames {
				if frame.Mapping == nil || frame.Function != "" {
					continue
				}
				if ctx.Err() != nil {
					return names
				}
				z.resolveOnce(ctx, frame, names)
			}
		}
	}
	return names
}

func (z *Symbolizer) resolveOnce(ctx context.Context, frame *engine.Frame, names Names) {
	address := Address{FileID: frame.Mapping.FileID, Address: frame.Address}
	if _, known := z.asked.get(address); known {
		return
	}
	z.asked.put(address, struct{}{})
	// An error is not lost: the address is stored without a name, and the background asks again.
	lines, err := z.resolver.Resolve(ctx, frame.Mapping, frame.Address)
	if err == nil && len(lines) > 0 {
		names[address] = lines
	}
}

// Wake tells Run that there may be new addresses.
func (z *Symbolizer) Wake() {
	select {
	case z.wake <- struct{}{}:
	default:
	}
}

// Renew says that a file got names after it was asked for: addresses of it that nothing named are looked at again, and with
// all also those that have a name. Never blocks.
func (z *Symbolizer) Renew(fileID string, all bool) {
	z.renewedMu.Lock()
	z.renewed[fileID] = z.renewed[fileID] || all
	z.renewedMu.Unlock()
	z.Wake()
}

// renew makes the addresses of renewed files wait for their names again.
func (z *Symbolizer) renew(ctx context.Context) {
	z.renewedMu.Lock()
	files := z.renewed
	z.renewed = map[string]bool{}
	z.renewedMu.Unlock()
	for file, all := range files {
		if err := z.store.renewNames(ctx, file, all); err != nil && ctx.Err() == nil {
			z.logger.WarnContext(ctx, "renew names", slog.Any("error", err))
		}
	}
}

// Run names what the store holds without a name, until the context ends.
func (z *Symbolizer) Run(ctx context.Context) {
	timer, recheck := time.NewTicker(retryInterval), time.NewTicker(recheckInterval)
	defer timer.Stop()
	defer recheck.Stop()
	for {
		z.renew(ctx)
		for z.nameSome(ctx) {
			if !pause.For(ctx, namingPause) {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-z.wake:
		case <-timer.C:
		case <-recheck.C:
			z.recheck(ctx)
		}
	}
}

// recheck tells the resolver of every file that the store holds native addresses of, also those of programs that ended long
// ago: when it finds names that were not there before, history gets them.
func (z *Symbolizer) recheck(ctx context.Context) {
	mappings, err := z.store.nativeMappings(ctx)
	if err != nil {
		if ctx.Err() == nil {
			z.logger.WarnContext(ctx, "look for files to name again", slog.Any("error", err))
		}
		return
	}
	for _, mapping := range mappings {
		z.resolver.Recheck(mapping)
	}
}

// nameSome resolves a batch; false when nothing is left that could be named now.
func (z *Symbolizer) nameSome(ctx context.Context) bool {
	waiting, err := z.store.UnnamedLocations(ctx, namingBatch)
	if err != nil {
		if ctx.Err() == nil {
			z.logger.WarnContext(ctx, "look for unnamed locations", slog.Any("error", err))
		}
		return false
	}
	var namings []Naming
	var failed []UnnamedLocation
	failing := map[string]bool{} // a file that cannot be read now costs one attempt a batch, not one an address
	for _, location := range waiting {
		if failing[location.Mapping.FileID] {
			failed = append(failed, location)
			continue
		}
		lines, err := z.resolve(ctx, location)
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil:
			z.failed.Add(1)
			failing[location.Mapping.FileID] = true
			failed = append(failed, location)
		default:
			namings = append(namings, Naming{Location: location, Lines: lines})
		}
	}
	if err := z.save(ctx, namings, failed); err != nil {
		z.logger.WarnContext(ctx, "save names", slog.Any("error", err))
		return false
	}
	return len(waiting) == namingBatch && len(failed) < namingBatch
}

func (z *Symbolizer) resolve(ctx context.Context, location UnnamedLocation) ([]symbol.Line, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	return z.resolver.Resolve(ctx, location.Mapping, location.Address)
}

func (z *Symbolizer) save(ctx context.Context, namings []Naming, failed []UnnamedLocation) error {
	if len(namings) > 0 {
		if err := z.store.NameLocations(ctx, namings); err != nil {
			return err
		}
		for _, naming := range namings {
			if len(naming.Lines) > 0 {
				z.named.Add(1)
			} else {
				z.unnamed.Add(1)
			}
		}
	}
	if len(failed) > 0 {
		return z.store.postpone(ctx, failed)
	}
	return nil
}
