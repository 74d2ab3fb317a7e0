//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"
)

// runStatus is the command status.
func runStatus(_ context.Context, arguments []string, std streams) int {
	var where places
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	where.register(flags)
	asJSON := flags.Bool("json", false, "print one JSON line")
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	if err := where.absolute(); err != nil {
		return fail(std, err)
	}
	found, code, err := status(where)
	if err != nil {
		return fail(std, err)
	}
	if *asJSON {
		found.print(std)
		return code
	}
	fmt.Fprintln(std.out, strings.TrimSpace("The agent is "+string(found.State)+". "+found.Message))
	return code
}

// status tells of the agent of a run directory: what it says itself, unless it is gone.
func status(where places) (outcome, int, error) {
	found, err := readRecord(where.runDirectory)
	if errors.Is(err, errNoRecord) {
		return outcome{State: stateStopped, Message: "No agent has run here."}, exitNotRunning, nil
	}
	if err != nil {
		return outcome{}, exitFailure, err
	}
	told := outcome{State: found.State, Message: found.Message, PID: found.PID, Version: found.Version}
	if found.running() {
		if found.State == stateKept {
			told.Message = keptSentence(time.UnixMilli(found.UnrenewedSinceMs), time.UnixMilli(found.RemovalAtMs), time.Now())
		}
		if len(found.UIDs) > 0 {
			told.Socket = controlSocket(where.runDirectory, found.UIDs[0])
		}
		return told, exitOK, nil
	}
	told.PID = 0
	if told.State != stateStopped && told.State != stateFailed {
		told.State = stateFailed
		told.Message = fmt.Sprintf("The agent ended without a word; its log is %s.", found.Log) + found.removalWords(time.Now())
	}
	return told, exitNotRunning, nil
}

// removalWords says, of an agent that ended without a word, what its keeper does with what it stored; "" when that stays.
func (r *record) removalWords(now time.Time) string {
	const otherwise = " Unless it is started again, everything is removed "
	switch {
	case r.RemovalAtMs > 0:
		return otherwise + clockWords(time.UnixMilli(r.RemovalAtMs), now) + "."
	case !r.Continuous && r.KeepSeconds > 0:
		return otherwise + fmt.Sprintf("%v after its end.", time.Duration(r.KeepSeconds)*time.Second)
	default:
		return ""
	}
}
