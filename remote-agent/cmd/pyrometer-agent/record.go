//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/target"
)

// State is what an agent is doing, in the words of status --json.
type state string

const (
	stateStarting  state = "starting"
	stateProfiling state = "profiling"
	// stateKept: it samples no more, since nobody renewed its lease, and what it stored can be read.
	stateKept     state = "kept"
	stateStopping state = "stopping"
	stateStopped  state = "stopped"
	stateFailed   state = "failed"
)

// recordVersion is raised when a field changes its meaning; a reader refuses what is newer.
const recordVersion = 1

const (
	recordFileName = "agent.json"
	lockFileName   = "agent.lock"
	// startLockFileName is held while an agent is being started.
	startLockFileName = "start.lock"
)

// record is what the running agent tells other commands, in the file agent.json of the run directory.
type record struct {
	RecordVersion int    `json:"record_version"`
	Version       string `json:"version"`
	PID           int    `json:"pid"`
	// StartTicks tells the agent's process from another that got its pid later.
	StartTicks uint64 `json:"start_ticks"`
	State      state  `json:"state"`
	// Message says what is being done, or why it failed; one sentence.
	Message string `json:"message"`
	Store   string `json:"store"`
	Log     string `json:"log"`
	UIDs    []int  `json:"uids"`
	// Continuous says that the agent runs until it is stopped; agents before this field was there say false.
	Continuous bool `json:"continuous"`
	// AtBoot says that systemd starts it again after a reboot.
	AtBoot bool `json:"at_boot,omitempty"`
	// StartedAtMs is in Unix milliseconds.
	StartedAtMs int64 `json:"started_at_ms"`
	// UnrenewedSinceMs and RemovalAtMs are in Unix milliseconds; 0 while somebody wants the agent.
	UnrenewedSinceMs int64 `json:"unrenewed_since_ms,omitempty"`
	RemovalAtMs      int64 `json:"removal_at_ms,omitempty"`
	// KeepSeconds is how long what an agent stored stays that nobody renews.
	KeepSeconds int `json:"keep_seconds,omitempty"`
}

// running says whether the process that wrote the record lives.
func (r *record) running() bool {
	ticks, err := target.StartTicks(uint32(r.PID))
	return err == nil && ticks == r.StartTicks
}

// errNoRecord says that no agent has run since the run directory was made.
var errNoRecord = errors.New("no agent has run here")

// readRecord reads the record of the agent that runs, or ran last.
func readRecord(runDirectory string) (*record, error) {
	path := filepath.Join(runDirectory, recordFileName)
	var failure error
	// The agent writes in place, since it may not make files here: a reader that came between looks again.
	for range 5 {
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errNoRecord
		}
		if err != nil {
			return nil, fmt.Errorf("read the agent's state: %w", err)
		}
		var found record
		if failure = json.Unmarshal(content, &found); failure == nil {
			if found.RecordVersion > recordVersion {
				return nil, fmt.Errorf("%s was written by a newer agent: use its own commands", path)
			}
			return &found, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, fmt.Errorf("read the agent's state %s: %w", path, failure)
}

// errAlreadyRuns says that the run directory is another agent's.
var errAlreadyRuns = errors.New("another agent runs already: stop it first, or use another --run-dir")

// lockPatience is longer than the keeper of the agent before holds the lock.
const lockPatience = 2 * time.Second

// recordFile keeps the record on disk. It is opened with all rights and written to without them.
type recordFile struct {
	mu      sync.Mutex
	file    *os.File
	lock    *os.File
	content record
}

// openRecord makes the run directory and takes it for this process until it ends.
func openRecord(runDirectory string, content record) (*recordFile, error) {
	// Others may pass through to their sockets, and not list what is there.
	if err := makeDirectory(runDirectory, 0o711, runPatterns); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(runDirectory, lockFileName), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take run directory: %w", err)
	}
	if err := takeLock(lock, lockPatience); err != nil {
		return nil, errors.Join(errAlreadyRuns, lock.Close())
	}
	file, err := os.OpenFile(filepath.Join(runDirectory, recordFileName), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write the agent's state: %w", err), lock.Close())
	}
	// Whatever umask the agent was started with: the app's user reads it, too.
	if err := file.Chmod(0o644); err != nil {
		return nil, errors.Join(fmt.Errorf("write the agent's state: %w", err), file.Close(), lock.Close())
	}
	return &recordFile{file: file, lock: lock, content: content}, nil
}

// set writes a new state.
func (r *recordFile) set(to state, message string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content.State, r.content.Message = to, message
	return r.write()
}

// setKept notes since when nobody renewed, and when everything is removed.
func (r *recordFile) setKept(since, removal time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content.UnrenewedSinceMs, r.content.RemovalAtMs = since.UnixMilli(), removal.UnixMilli()
	return r.write()
}

// admit adds a user.
func (r *recordFile) admit(uid int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content.UIDs = append(r.content.UIDs, uid)
	return r.write()
}

// keep notes that the lease was given up, and whether the agent comes back after a reboot.
func (r *recordFile) keep(atBoot bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.content.Continuous = true
	r.content.AtBoot = r.content.AtBoot || atBoot
	return r.write()
}

// atBoot says whether the agent comes back after a reboot.
func (r *recordFile) atBoot() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.content.AtBoot
}

// write is called with the lock held.
func (r *recordFile) write() error {
	text, err := json.Marshal(r.content)
	if err != nil {
		return fmt.Errorf("write the agent's state: %w", err)
	}
	if _, err := r.file.WriteAt(append(text, '\n'), 0); err != nil {
		return fmt.Errorf("write the agent's state: %w", err)
	}
	if err := r.file.Truncate(int64(len(text) + 1)); err != nil {
		return fmt.Errorf("write the agent's state: %w", err)
	}
	return nil
}

// close gives the run directory back.
func (r *recordFile) close() error { return errors.Join(r.file.Close(), r.lock.Close()) }
