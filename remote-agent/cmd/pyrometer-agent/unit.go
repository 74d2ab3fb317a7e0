//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pyrometer.dev/remote-agent/internal/systemd"
)

// unitRefused says why the agent is not a unit; it can run by itself.
type unitRefused struct{ reason error }

func (u unitRefused) Error() string { return u.reason.Error() }

func (u unitRefused) Unwrap() error { return u.reason }

// launching is an agent that is to be started.
type launching struct {
	*options
	// program is a path that root can execute while this process lives, also where the file has no name any more.
	program string
	// name is what the process is called.
	name    string
	version string
	// words are the arguments of one that ran before; nil: those of the options.
	words []string
}

// thisAgent starts what runs here.
func thisAgent(chosen *options) *launching {
	return &launching{options: chosen, program: fmt.Sprintf("/proc/%d/exe", os.Getpid()), name: os.Args[0], version: version()}
}

// command is the agent's name and its arguments.
func (l *launching) command() []string {
	if l.words != nil {
		return l.words
	}
	return append([]string{l.name, "run"}, l.arguments()...)
}

// launch starts an agent and waits until it samples or has failed: as a unit where systemd runs services.
func launch(ctx context.Context, chosen *launching, std streams) (outcome, error) {
	if chosen.log == "" {
		if err := makeDirectory(chosen.store, 0o700, storePatterns); err != nil {
			return outcome{}, err
		}
		chosen.log = filepath.Join(chosen.store, logFileName)
	}
	if !systemd.Booted() {
		return launchChild(ctx, chosen, std)
	}
	result, err := launchUnit(ctx, chosen, std)
	if refused := new(unitRefused); errors.As(err, refused) && !chosen.atBoot {
		fmt.Fprintf(std.out, "The agent is no unit of systemd and runs by itself: %s\n", sentence(refused.reason))
		return launchChild(ctx, chosen, std)
	}
	return result, err
}

func launchUnit(ctx context.Context, chosen *launching, std streams) (result outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	manager, err := systemd.Connect(ctx)
	if err != nil {
		return outcome{}, unitRefused{err}
	}
	defer manager.Close()
	before, err := readRecord(chosen.runDirectory)
	if err != nil && !errors.Is(err, errNoRecord) {
		return outcome{}, err
	}
	unit := systemd.OnceUnit
	if chosen.atBoot {
		unit = systemd.BootUnit
		// One that does not start now is not to try it again after a reboot, unless one came back before this one.
		if !systemd.DefaultBootFiles.There() {
			defer func() {
				if err != nil {
					ctx := context.WithoutCancel(ctx)
					// First: what says that it may be forgotten when it failed is in its file.
					err = errors.Join(err, endUnit(ctx, manager, unit), stayAway(ctx, chosen.places))
				}
			}()
		}
		if err = writeBootFiles(chosen); err == nil {
			err = manager.StartBoot(ctx)
		}
	} else {
		err = manager.StartOnce(ctx, chosen.program, chosen.command(), proxies())
	}
	if err != nil {
		return outcome{}, unitRefused{err}
	}
	result, err = followRecord(ctx, manager, unit, chosen, before, std)
	if ctx.Err() != nil {
		err = errors.Join(err, stopUnit(context.WithoutCancel(ctx), manager, unit))
	}
	return result, err
}

func stopUnit(ctx context.Context, manager *systemd.Manager, unit string) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	return manager.Stop(ctx, unit)
}

func endUnit(ctx context.Context, manager *systemd.Manager, unit string) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	return manager.End(ctx, unit)
}

// proxies are the variables of the environment that the agent's own connections obey. A unit has none of the caller's.
func proxies() (found []string) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch strings.ToUpper(name) {
		case "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY":
			found = append(found, variable)
		}
	}
	return found
}

// followRecord tells what an agent writes of itself that is nobody's child here, until it samples or has failed.
func followRecord(ctx context.Context, manager *systemd.Manager, unit string, chosen *launching, before *record, std streams) (outcome, error) {
	said := ""
	for {
		found, err := readRecord(chosen.runDirectory)
		fresh := err == nil && (before == nil || found.PID != before.PID || found.StartTicks != before.StartTicks)
		switch {
		case fresh && found.State == stateProfiling:
			return outcome{
				State: stateProfiling, PID: found.PID, Socket: controlSocket(chosen.runDirectory, chosen.uids[0]), Version: chosen.version,
			}, nil
		case fresh && found.State != stateStarting:
			return outcome{}, errors.New(found.Message)
		case fresh && found.Message != said:
			said = found.Message
			fmt.Fprintln(std.out, said)
		}
		if active, err := manager.Active(ctx, unit); err == nil && !active {
			if fresh {
				return outcome{}, fmt.Errorf("the agent ended while it started: its log is %s", chosen.log)
			}
			return outcome{}, unitRefused{fmt.Errorf("%s ended before the agent could say why: look at journalctl -u %s", unit, unit)}
		}
		select {
		case <-ctx.Done():
			return outcome{}, fmt.Errorf("the agent did not begin to sample within %v: its log is %s", startTimeout, chosen.log)
		case <-time.After(pollInterval):
		}
	}
}

// writeBootFiles makes the agent start after a reboot as it is started now.
func writeBootFiles(chosen *launching) error {
	if chosen.runDirectory != defaultRunDirectory || chosen.store != defaultStore {
		return errors.New("--at-boot is for an agent with the usual --store and --run-dir")
	}
	_, build, _ := strings.Cut(chosen.version, "+")
	return systemd.DefaultBootFiles.Write(chosen.program, build, chosen.command()[1:], proxies())
}

// removeBootFiles makes the agent of a run directory one that is gone after a reboot. Only one comes back.
func removeBootFiles(where places) (removed []string, err error) {
	if where.runDirectory != defaultRunDirectory {
		return nil, nil
	}
	return systemd.DefaultBootFiles.Remove()
}

// reloadUnits makes systemd take note that a unit is gone. Where it cannot be asked, it does so when it is asked next.
func reloadUnits(ctx context.Context) {
	if !systemd.Booted() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	manager, err := systemd.Connect(ctx)
	if err != nil {
		return
	}
	defer manager.Close()
	_ = manager.Reload(ctx)
}

// ownUnit is the unit of ours that this process is in; "" for none.
func ownUnit() string {
	content, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		switch name := filepath.Base(strings.TrimSpace(line)); name {
		case systemd.OnceUnit, systemd.BootUnit:
			return name
		}
	}
	return ""
}

// separateKeeper takes the keeper out of the agent's unit: it is to outlive it.
func separateKeeper(ctx context.Context, pid int) error {
	if ownUnit() == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	manager, err := systemd.Connect(ctx)
	if err != nil {
		return err
	}
	defer manager.Close()
	return manager.Separate(ctx, pid)
}
