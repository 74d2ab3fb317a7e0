package symbol

import (
	"maps"
	"sync"
)

// Names of counters. Refusals are counted as counterRefused plus the reason, for example symbol.files.refused.not-elf.
const (
	counterOpened       = "symbol.files.opened"
	counterParsed       = "symbol.files.parsed"
	counterRefused      = "symbol.files.refused."
	counterDebugFiles   = "symbol.files.debug"
	counterBytesRead    = "symbol.bytes.read"
	counterDropped      = "symbol.queue.dropped"
	counterEvicted      = "symbol.tables.evicted"
	counterNamed        = "symbol.addresses.named"
	counterUnnamed      = "symbol.addresses.unnamed"
	counterLines        = "symbol.lines.files"
	counterLinesRefused = "symbol.lines.refused."
	counterLinesLost    = "symbol.lines.units_unreadable"
	counterRemoteAsked  = "symbol.debuginfod.asked"
	counterRemoteGot    = "symbol.debuginfod.got"
	counterSplitMissing = "symbol.lines.split_missing"
	counterDemangler    = "symbol.demangler.panics"
	gaugeTables         = "symbol.tables.count"
	gaugeTableBytes     = "symbol.tables.bytes"
)

// counters count by name. Safe for concurrent use.
type counters struct {
	mutex  sync.Mutex
	values map[string]uint64
}

func newCounters() *counters { return &counters{values: map[string]uint64{}} }

func (c *counters) add(name string, delta uint64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.values[name] += delta
}

func (c *counters) refused(err error) { c.add(counterRefused+string(reasonOf(err)), 1) }

func (c *counters) snapshot() map[string]uint64 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return maps.Clone(c.values)
}
