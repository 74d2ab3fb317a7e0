//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/keeper"
	"pyrometer.dev/remote-agent/internal/lease"
)

// keeperFileName is in the run directory and holds the pid of the keeper that is in charge of what lies on the machine. The
// keeper of an agent that took it over is in charge from then on.
const keeperFileName = "keeper.pid"

// custodyInterval is how often a keeper without its agent looks whether it is still in charge and whether the time has come.
const custodyInterval = time.Second

// custody is what a keeper is to do with all that was put on the machine, once its agent has ended.
type custody struct {
	places
	uploadDirectory string
	// keep is how long what was recorded stays.
	keep     time.Duration
	boottime func() time.Duration
	sleep    func(time.Duration)

	mu   sync.Mutex
	plan keeper.Plan
	// charged says that the keeper is in charge, or was.
	charged bool
}

func newCustody(chosen *options) *custody {
	return &custody{
		places: chosen.places, uploadDirectory: chosen.uploadDirectory, keep: chosen.keep, boottime: lease.Boottime, sleep: time.Sleep,
	}
}

// planned replaces the plan. With its first one, which an agent tells when it samples, a keeper takes charge: what an agent before
// left is removed as planned when this one does not get that far.
func (c *custody) planned(plan keeper.Plan) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plan = plan
	if c.charged {
		return nil
	}
	if err := os.WriteFile(c.keeperFile(), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		return fmt.Errorf("take charge: %w", err)
	}
	c.charged = true
	return nil
}

func (c *custody) keeperFile() string { return filepath.Join(c.runDirectory, keeperFileName) }

// inCharge says whether no other keeper took over, and nobody removed everything.
func (c *custody) inCharge() bool {
	content, err := os.ReadFile(c.keeperFile())
	return err == nil && strings.TrimSpace(string(content)) == strconv.Itoa(os.Getpid())
}

// fulfil carries out the plan of an agent that has ended, which may take a day.
func (c *custody) fulfil() error {
	c.mu.Lock()
	plan, charged := c.plan, c.charged
	c.mu.Unlock()
	if plan.Stopped && charged && c.inCharge() {
		if _, err := removeBootFiles(c.places); err != nil {
			return err
		}
	}
	if !plan.Remove || !charged {
		return nil
	}
	// Whoever got hold of the agent can make it sooner, not later.
	until := c.boottime() + c.keep
	if plan.At > 0 {
		until = min(until, plan.At)
	}
	for c.inCharge() {
		left := until - c.boottime()
		if left <= 0 {
			done, err := c.removeAll()
			if done || err != nil {
				return err
			}
			left = custodyInterval
		}
		// Short sleeps: one that is set by a clock that stands still while the machine sleeps would end late.
		c.sleep(min(left, custodyInterval))
	}
	return nil
}

// removeAll removes everything, unless somebody starts an agent or one runs.
func (c *custody) removeAll() (done bool, err error) {
	for _, name := range []string{startLockFileName, lockFileName} {
		lock, err := lockFile(filepath.Join(c.runDirectory, name), 0)
		switch {
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case errors.Is(err, os.ErrNotExist): // an agent that was run in the foreground has none of start's
		case err != nil:
			return false, fmt.Errorf("remove everything: %w", err)
		default:
			defer lock.Close()
		}
	}
	if !c.inCharge() {
		return true, nil
	}
	removed := removeAll(c.places)
	removeUploads(c.uploadDirectory, &removed)
	// What stays is listed by the app, as all that lies on the machine.
	return true, nil
}
