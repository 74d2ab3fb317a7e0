//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"pyrometer.dev/remote-agent/internal/privilege"
	"pyrometer.dev/remote-agent/internal/target"
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
		if len(found.UIDs) > 0 {
			told.Socket = controlSocket(where.runDirectory, found.UIDs[0])
		}
		return told, exitOK, nil
	}
	told.PID = 0
	if told.State != stateStopped && told.State != stateFailed {
		told.State = stateFailed
		told.Message = fmt.Sprintf("The agent ended without a word; its log is %s.", found.Log)
	}
	return told, exitNotRunning, nil
}

// dockerTimeout bounds the question whether Docker answers.
const dockerTimeout = 3 * time.Second

// preflightReport is what preflight --json prints.
type preflightReport struct {
	privilege.Report
	Docker dockerReport `json:"docker"`
}

type dockerReport struct {
	Reachable  bool   `json:"reachable"`
	Message    string `json:"message"`
	Containers int    `json:"containers"`
}

// runPreflight is the command preflight.
func runPreflight(ctx context.Context, arguments []string, std streams) int {
	var chosen options
	flags := flag.NewFlagSet("preflight", flag.ContinueOnError)
	chosen.places.register(flags)
	flags.StringVar(&chosen.dockerHost, "docker-host", target.DefaultDockerHost, "where Docker listens")
	asJSON := flags.Bool("json", false, "print one JSON line")
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	if err := chosen.absolute(); err != nil {
		return fail(std, err)
	}
	ctx, cancel := context.WithTimeout(ctx, dockerTimeout)
	defer cancel()
	docker := target.NewDocker(chosen.dockerHost, discardLogger).Probe(ctx)
	report := preflightReport{
		Report: privilege.Preflight(chosen.store),
		Docker: dockerReport{Reachable: docker.Reachable, Message: docker.Message, Containers: docker.Containers},
	}
	code := exitOK
	if len(report.Refusals) > 0 {
		code = exitFailure
	}
	if *asJSON {
		text, err := json.Marshal(report)
		if err != nil {
			return fail(std, err)
		}
		fmt.Fprintln(std.out, string(text))
		return code
	}
	for _, refusal := range report.Refusals {
		fmt.Fprintln(std.out, refusal.Message)
	}
	if code == exitOK {
		fmt.Fprintln(std.out, "The agent can run here.")
	}
	if docker.Message != "" {
		fmt.Fprintln(std.out, docker.Message)
	}
	return code
}
