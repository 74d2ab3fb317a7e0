//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/systemd"
)

const (
	// startTimeout bounds how long a slow machine may take to load the unwinder: under emulation it took 11 seconds.
	startTimeout = 90 * time.Second
	// readyDescriptor is the first of ExtraFiles in the child.
	readyDescriptor = 3
)

// outcome is the last line of the commands start, stop and status --json.
type outcome struct {
	State   state  `json:"state"`
	Message string `json:"message"`
	PID     int    `json:"pid"`
	// Socket is the control socket of the first user.
	Socket  string `json:"socket"`
	Version string `json:"version"`
}

func (o outcome) print(std streams) {
	text, err := json.Marshal(o)
	if err != nil {
		fmt.Fprintln(std.err, sentence(err))
		return
	}
	fmt.Fprintln(std.out, string(text))
}

// runStart is the command start.
func runStart(ctx context.Context, arguments []string, std streams) int {
	var chosen options
	flags := flag.NewFlagSet("start", flag.ContinueOnError)
	chosen.register(flags)
	flags.BoolVar(&chosen.replace, "replace", false, "restart an agent that runs already, also a newer one, with its settings; recordings go on")
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	result, err := start(ctx, &chosen, std)
	if err != nil {
		outcome{State: stateFailed, Message: sentence(err), Version: version()}.print(std)
		return fail(std, err)
	}
	if program, err := os.Executable(); err == nil && result.Version == version() {
		if err := systemd.DefaultBootFiles.Succeed(program); err != nil {
			fmt.Fprintf(std.out, "An agent of before stays: %s\n", sentence(err))
		}
	}
	result.print(std)
	return exitOK
}

func start(ctx context.Context, chosen *options, std streams) (outcome, error) {
	if err := chosen.check(); err != nil {
		return outcome{}, err
	}
	if chosen.naming != "" {
		naming, err := marked(chosen.naming, strconv.FormatInt(time.Now().UnixNano(), 36))
		if err != nil {
			return outcome{}, err
		}
		chosen.naming = naming
	}
	// Two who start at once take turns: the second finds the agent of the first, and joins it.
	turn, err := takeTurn(chosen.runDirectory)
	if err != nil {
		return outcome{}, err
	}
	defer turn.Close()
	running, err := readRecord(chosen.runDirectory)
	if err != nil && !errors.Is(err, errNoRecord) {
		return outcome{}, err
	}
	if err == nil && running.running() {
		if !chosen.replace {
			result, err := join(ctx, chosen, running, std)
			if errors.Is(err, lease.ErrEnding) {
				return launchAfter(ctx, chosen, running, std)
			}
			if !errors.Is(err, errReplace) {
				return result, err
			}
		} else if running.Version == version() {
			fmt.Fprintf(std.out, "Restarting the agent %s.\n", version())
		} else {
			fmt.Fprintf(std.out, "Replacing the agent %s by %s.\n", running.Version, version())
		}
		return replace(ctx, chosen, running, std)
	}
	return launch(ctx, thisAgent(chosen), std)
}

// launchAfter starts an agent once the one that is ending has stored its last window.
func launchAfter(ctx context.Context, chosen *options, ending *record, std streams) (outcome, error) {
	fmt.Fprintln(std.out, "An agent is ending here: it stores its last window first.")
	if err := stopAgent(ctx, ending); err != nil {
		return outcome{}, err
	}
	return launch(ctx, thisAgent(chosen), std)
}

// takeTurn waits until nobody else starts an agent in this run directory. Closing the answer ends the turn, as the end of
// the process does.
func takeTurn(runDirectory string) (*os.File, error) {
	if err := makeDirectory(runDirectory, 0o711, runPatterns); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(runDirectory, startLockFileName), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take run directory: %w", err)
	}
	if err := takeLock(lock, startTimeout); err != nil {
		return nil, errors.Join(errors.New("somebody else starts an agent here and does not end: look for pyrometer-agent start with ps"), lock.Close())
	}
	return lock, nil
}

// errReplace says that an agent that runs is to be stopped and another one started.
var errReplace = errors.New("replace the agent")

// join makes an agent that runs already do what start was asked for. One of a later release than this one is as good, and
// is not replaced by it: an older app does not take away what a newer one brought.
func join(ctx context.Context, chosen *options, running *record, std streams) (outcome, error) {
	newer := newerRelease(running.Version, version())
	if running.State != stateKept {
		if running.Version != version() && !newer {
			fmt.Fprintf(std.out, "Replacing the agent %s by %s.\n", running.Version, version())
			return outcome{}, errReplace
		}
		// The last lease may have run out meanwhile.
		if result, err := joinSampling(ctx, chosen, running, newer, std); !errors.Is(err, lease.ErrKept) {
			return result, err
		}
	}
	if newer {
		return outcome{}, fmt.Errorf("the newer agent %s keeps the windows of a recording here: start it with its own app, or remove it", running.Version)
	}
	fmt.Fprintln(std.out, "Nobody renewed the recording before: its agent samples no more and is replaced; what it stored stays.")
	return outcome{}, errReplace
}

func joinSampling(ctx context.Context, chosen *options, running *record, newer bool, std streams) (outcome, error) {
	if newer {
		fmt.Fprintf(std.out, "A newer agent runs already and stays: %s.\n", running.Version)
	} else {
		fmt.Fprintln(std.out, "The agent runs already.")
	}
	if err := admitAll(chosen.runDirectory, running, chosen.uids); err != nil {
		return outcome{}, err
	}
	if chosen.atBoot {
		// As it runs now, and not with what this start would have chosen.
		chosen.inherit(running, legacyOf(ctx, running, chosen.places, std))
		if err := writeBootFiles(thisAgent(chosen)); err != nil {
			return outcome{}, err
		}
		reloadUnits(ctx)
	}
	wanted := adminRequest{Operation: opKeep, AtBoot: chosen.atBoot}
	if chosen.lease > 0 {
		wanted = adminRequest{
			Operation: opHold, Holder: chosen.holder, HolderName: chosen.holderName, Seconds: int(chosen.lease / time.Second),
		}
	}
	if err := askAdmin(chosen.runDirectory, wanted, nil); err != nil {
		if chosen.atBoot && !running.AtBoot {
			err = errors.Join(err, stayAway(ctx, chosen.places))
		}
		return outcome{}, err
	}
	return outcome{
		State: running.State, Message: running.Message, PID: running.PID,
		Socket: controlSocket(chosen.runDirectory, chosen.uids[0]), Version: running.Version,
	}, nil
}

// launchChild starts the agent in a session of its own and waits until it samples or has failed.
func launchChild(ctx context.Context, chosen *launching, std streams) (outcome, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return outcome{}, fmt.Errorf("start the agent: %w", err)
	}
	defer read.Close()
	// What is written past the logger, as a panic is, goes to the log too.
	log, err := openForAppending(chosen.log)
	if err != nil {
		return outcome{}, errors.Join(err, write.Close())
	}
	child := &exec.Cmd{Path: chosen.program, Args: chosen.command()}
	child.Dir = "/"
	child.Stdout, child.Stderr = log, log
	child.Env = append(os.Environ(), readyVariable+"="+strconv.Itoa(readyDescriptor))
	child.ExtraFiles = []*os.File{write}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = child.Start()
	err = errors.Join(err, log.Close(), write.Close())
	if err != nil {
		return outcome{}, fmt.Errorf("start the agent: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	// A read that nobody ends otherwise.
	stop := context.AfterFunc(ctx, func() { read.Close() })
	defer stop()
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		var said announcement
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			return outcome{}, fmt.Errorf("hear from the agent: %w", err)
		}
		switch said.State {
		case stateStarting:
			fmt.Fprintln(std.out, said.Message)
		case stateProfiling:
			return outcome{
				State: stateProfiling, PID: child.Process.Pid,
				Socket: controlSocket(chosen.runDirectory, chosen.uids[0]), Version: chosen.version,
			}, nil
		default:
			return outcome{}, errors.New(said.Message)
		}
	}
	return outcome{}, abandoned(ctx, child, ended, chosen.log)
}

// abandoned explains a child that said neither that it profiles nor that it failed, and ends it.
func abandoned(ctx context.Context, child *exec.Cmd, ended <-chan error, log string) error {
	if ctx.Err() != nil {
		// It may have become another user: root may signal it, and nobody else could have started it.
		if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("end the agent: %w", err)
		}
		<-ended
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("the agent did not begin to sample within %v: its log is %s", startTimeout, log)
		}
		return errors.New("the start was interrupted")
	}
	return fmt.Errorf("the agent ended while it started (%w): its log is %s", <-ended, log)
}
