//go:build linux

// Package cputime reads what the scheduler itself says that processes have spent, to hold samples against it.
package cputime

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxTracked bounds the processes that are asked at the end of a window; further ones are counted as ended.
const maxTracked = 16384

// Spent is what a process spent since the last Take.
type Spent struct {
	CPU time.Duration
	// Ended says that the process is gone: what it spent at its end is not known.
	Ended bool
}

// Clocks reads the CPU clocks of processes: all threads together, those that ended too, in nanoseconds. See docs/adr for why
// not sched_switch or cgroup files. Safe for concurrent use.
type Clocks struct {
	mutex   sync.Mutex
	tracked map[uint32]time.Duration // by pid, at the last Take
	// read is a clock; a variable for tests.
	read func(pid uint32) (time.Duration, error)
}

// New makes clocks that track nobody.
func New() *Clocks {
	return &Clocks{tracked: map[uint32]time.Duration{}, read: processClock}
}

// Track begins to follow a process. What it had spent before counts from now on, unless it started after since.
func (c *Clocks) Track(pid uint32, startedSince bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if _, known := c.tracked[pid]; known || len(c.tracked) >= maxTracked {
		return
	}
	var before time.Duration
	if !startedSince {
		now, err := c.read(pid)
		if err != nil {
			return
		}
		before = now
	}
	c.tracked[pid] = before
}

// Take returns what each tracked process spent since the last call. Those that ended are forgotten.
func (c *Clocks) Take() map[uint32]Spent {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	spent := make(map[uint32]Spent, len(c.tracked))
	for pid, before := range c.tracked {
		now, err := c.read(pid)
		switch {
		case err != nil:
			delete(c.tracked, pid)
			spent[pid] = Spent{Ended: true}
		case now < before: // another process has the number now
			c.tracked[pid] = now
			spent[pid] = Spent{Ended: true}
		default:
			c.tracked[pid] = now
			spent[pid] = Spent{CPU: now - before}
		}
	}
	return spent
}

// processClock reads the clock of a whole process (CPUCLOCK_SCHED of clock_getcpuclockid(3)); it needs no rights.
func processClock(pid uint32) (time.Duration, error) {
	const scheduler = 2
	var now unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &now); err != nil {
		return 0, errors.Join(errors.New("read the CPU clock of a process"), err)
	}
	return time.Duration(now.Nano()), nil
}
