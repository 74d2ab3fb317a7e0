package symbol

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
)

const (
	// defaultCacheBytes bounds the line indices on disk.
	defaultCacheBytes = 256 << 20
	// maxOpenIndices bounds the descriptors of indices; they are files of our own.
	maxOpenIndices = 16
	lineSuffix     = ".lines"
	// cachePrefix begins the name of all files of the cache: it shares a directory with the agent's other files.
	cachePrefix = "symbols-"
)

// lineCache keeps line indices in the agent's directory, one a file content, the most recently used ones within a
// bound. A program that was seen once costs nothing when it is seen again, also by the next run of the agent. Safe for
// concurrent use.
type lineCache struct {
	directory string
	maxBytes  int64

	mutex  sync.Mutex
	open   map[string]*list.Element
	recent *list.List // of *openIndex, the most recently used first
}

type openIndex struct {
	name  string
	file  *os.File
	index *lineIndex
}

// newLineCache uses a directory, which is made for this user alone when it is missing.
func newLineCache(directory string, maxBytes int64) (*lineCache, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("make directory of symbols: %w", err)
	}
	if maxBytes <= 0 {
		maxBytes = defaultCacheBytes
	}
	return &lineCache{directory: directory, maxBytes: maxBytes, open: map[string]*list.Element{}, recent: list.New()}, nil
}

// lineFileName is by the content's identity and the build-id: the same build in every container shares an index. What is in it
// is hexadecimal, or the mapping has no index.
func lineFileName(mapping *engine.Mapping) (string, bool) {
	id := strings.ToLower(strings.ReplaceAll(mapping.FileID, "-", ""))
	if mapping.BuildID != "" {
		id += "-" + strings.ToLower(mapping.BuildID)
	}
	proper := len(id) >= 8 && len(id) <= 200 && strings.Trim(id, "0123456789abcdef-") == ""
	return cachePrefix + id + lineSuffix, proper
}

// has says whether there is an index of a file.
func (c *lineCache) has(mapping *engine.Mapping) bool {
	name, ok := lineFileName(mapping)
	if !ok {
		return false
	}
	_, err := os.Stat(filepath.Join(c.directory, name))
	return err == nil
}

// lookup asks the index of a file; nil where there is none, or nothing is known of the address.
func (c *lineCache) lookup(mapping *engine.Mapping, address uint64) []Line {
	name, ok := lineFileName(mapping)
	if !ok {
		return nil
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	index := c.opened(name)
	if index == nil {
		return nil
	}
	return index.lookup(address)
}

// opened returns an index with the mutex held. A damaged one is removed: it is made again.
func (c *lineCache) opened(name string) *lineIndex {
	if place := c.open[name]; place != nil {
		c.recent.MoveToFront(place)
		return place.Value.(*openIndex).index //nolint:forcetypeassert // nothing else is in it
	}
	path := filepath.Join(c.directory, name)
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	status, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil
	}
	index, err := openLineIndex(file, status.Size())
	if err != nil {
		_ = file.Close()
		_ = os.Remove(path)
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // the age by which it is evicted; an older one costs an index too early
	c.open[name] = c.recent.PushFront(&openIndex{name, file, index})
	if c.recent.Len() > maxOpenIndices {
		c.closeIndex(c.recent.Back())
	}
	return index
}

func (c *lineCache) closeIndex(place *list.Element) {
	opened := c.recent.Remove(place).(*openIndex) //nolint:forcetypeassert // nothing else is in it
	delete(c.open, opened.name)
	_ = opened.file.Close() // only read from
}

// store writes the index of a file and makes room for it.
func (c *lineCache) store(mapping *engine.Mapping, builder *lineIndexBuilder) (err error) {
	name, ok := lineFileName(mapping)
	if !ok {
		return refuse(ReasonUnreadable, "the identity %q of a file is not hexadecimal", mapping.FileID)
	}
	file, err := os.CreateTemp(c.directory, cachePrefix+"new-")
	if err != nil {
		return fmt.Errorf("make line index: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(file.Name())))
		}
	}()
	// Synced: a rename that outlives a power cut without the content would be an index of zeros.
	if err := errors.Join(builder.writeTo(file), file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write line index: %w", err)
	}
	if err := os.Rename(file.Name(), filepath.Join(c.directory, name)); err != nil {
		return fmt.Errorf("keep line index: %w", err)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if place := c.open[name]; place != nil {
		c.closeIndex(place)
	}
	return c.shrink(name)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// makeRoom keeps the cache within its bound after a file was added.
func (c *lineCache) makeRoom(added string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.shrink(added)
}

// shrink removes the least recently used files until the rest fits, and what a killed agent left half done. keep stays.
func (c *lineCache) shrink(keep string) error {
	entries, err := os.ReadDir(c.directory)
	if err != nil {
		return fmt.Errorf("list directory of symbols: %w", err)
	}
	var files []fs.FileInfo
	var total int64
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && strings.HasPrefix(entry.Name(), cachePrefix) {
			files = append(files, info)
			total += info.Size()
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, file := range files {
		isKept := strings.HasSuffix(file.Name(), lineSuffix) || strings.HasSuffix(file.Name(), debugSuffix)
		leftOver := !isKept && time.Since(file.ModTime()) > time.Hour
		if file.Name() == keep || total <= c.maxBytes && !leftOver {
			continue
		}
		if place := c.open[file.Name()]; place != nil {
			c.closeIndex(place)
		}
		if err := ignoreMissing(os.Remove(filepath.Join(c.directory, file.Name()))); err != nil {
			return fmt.Errorf("make room for symbols: %w", err)
		}
		total -= file.Size()
	}
	return nil
}

// Close closes the indices that are open.
func (c *lineCache) Close() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for c.recent.Len() > 0 {
		c.closeIndex(c.recent.Back())
	}
}
