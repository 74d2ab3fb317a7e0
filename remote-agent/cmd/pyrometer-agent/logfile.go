//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// maxLogBytes is the size at which a log becomes FILE.old, which replaces the one before.
const maxLogBytes = 4 << 20

// logFile is a log of bounded size. Safe for concurrent use.
type logFile struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
}

var _ io.WriteCloser = (*logFile)(nil)

func openLog(path string) (*logFile, error) {
	log := &logFile{path: path}
	if err := log.open(); err != nil {
		return nil, err
	}
	return log, nil
}

func (l *logFile) open() error {
	file, err := openForAppending(l.path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return fmt.Errorf("open log: %w", err)
	}
	l.file, l.size = file, info.Size()
	return nil
}

// openForAppending opens a log. Root does it in a directory that belongs to the agent's user from its first run on, whom a
// link must not let write elsewhere.
func openForAppending(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|unix.O_NOFOLLOW, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return file, nil
}

// Write appends one record, to a new file when the old one is full.
func (l *logFile) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(text)) > maxLogBytes {
		l.rotate()
	}
	written, err := l.file.Write(text)
	l.size += int64(written)
	return written, err
}

// rotate is called with the lock held. Where the directory may not be written to, the file is emptied instead: a log
// never fills the disk.
func (l *logFile) rotate() {
	full := l.file
	if os.Rename(l.path, l.path+".old") == nil && l.open() == nil {
		full.Close()
		return
	}
	l.file = full
	if full.Truncate(0) == nil {
		l.size = 0
	}
}

// Close closes the file.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
