//go:build linux

package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errNoLease answers a renewal for an agent that runs until it is stopped.
var errNoLease = errors.New("this agent has no lease: it runs until it is stopped")

// lease ends an agent that nobody wants any more: of a recording whose app was closed or lost its link. Safe for
// concurrent use.
type lease struct {
	expired chan struct{}

	mu      sync.Mutex
	timer   *time.Timer
	expires time.Time
}

// newLease begins a lease; a duration of 0 makes a continuous agent.
func newLease(duration time.Duration) *lease {
	l := &lease{expired: make(chan struct{})}
	if duration > 0 {
		l.expires = time.Now().Add(duration)
		l.timer = time.AfterFunc(duration, func() { close(l.expired) })
	}
	return l
}

// Renew makes the lease end a duration from now, or later when it would have ended later.
func (l *lease) Renew(_ context.Context, duration time.Duration) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		return time.Time{}, errNoLease
	}
	if expires := time.Now().Add(duration); expires.After(l.expires) {
		// Stop is false when the timer has fired: the agent is ending and cannot be kept.
		if !l.timer.Stop() {
			return l.expires, nil
		}
		l.expires = expires
		l.timer.Reset(duration)
	}
	return l.expires, nil
}

// keep makes the agent continuous. It returns false when the lease has ended already.
func (l *lease) keep() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		return true
	}
	if !l.timer.Stop() {
		return false
	}
	l.timer, l.expires = nil, time.Time{}
	return true
}

// expiresAtMs is in Unix milliseconds, 0 for a continuous agent.
func (l *lease) expiresAtMs() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		return 0
	}
	return l.expires.UnixMilli()
}
