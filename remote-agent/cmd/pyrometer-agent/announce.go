//go:build linux

package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync"
)

// readyVariable is the number of the descriptor on which a daemon tells the start command how it goes.
const readyVariable = "PYROMETER_READY_FD"

// announcement is one line on that descriptor.
type announcement struct {
	State   state  `json:"state"`
	Message string `json:"message"`
}

// announcer tells everybody who asks in what state the agent is. Safe for concurrent use.
type announcer struct {
	record *recordFile
	logger *slog.Logger

	mu      sync.Mutex
	last    announcement
	waiting io.WriteCloser
}

// newAnnouncer takes over the descriptor of the start command, when there is one.
func newAnnouncer(record *recordFile, logger *slog.Logger, waiting io.WriteCloser) *announcer {
	return &announcer{record: record, logger: logger, waiting: waiting}
}

// openReady opens the descriptor that the start command passed on; nil when the agent was not started by it.
func openReady() io.WriteCloser {
	number, err := strconv.ParseUint(os.Getenv(readyVariable), 10, 16)
	if err != nil {
		return nil
	}
	// Not for programs that this one starts.
	if err := os.Unsetenv(readyVariable); err != nil {
		return nil
	}
	return os.NewFile(uintptr(number), "ready")
}

// announce tells of a state. Nobody waits any more once the agent profiles or failed.
func (a *announcer) announce(to state, message string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = announcement{State: to, Message: message}
	a.logger.Info("state", "state", string(to), "message", message)
	if err := a.record.set(to, message); err != nil {
		a.logger.Warn("state cannot be written", "reason", err)
	}
	if a.waiting == nil {
		return
	}
	// The start command may have been interrupted: that is no reason to stop.
	if err := json.NewEncoder(a.waiting).Encode(a.last); err != nil {
		a.logger.Info("nobody waits for the start", "reason", err)
	}
	if to != stateStarting {
		if err := a.waiting.Close(); err != nil {
			a.logger.Info("start cannot be reported", "reason", err)
		}
		a.waiting = nil
	}
}

// current is the last announced state.
func (a *announcer) current() announcement {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last
}
