//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"time"

	"pyrometer.dev/remote-agent/internal/privilege"
	"pyrometer.dev/remote-agent/internal/target"
)

// dockerTimeout bounds the question whether Docker answers.
const dockerTimeout = 3 * time.Second

// verdict is what a command that looks at this machine says of it; --json prints it as one line.
type verdict interface {
	canRun() bool
	// print says it to a person.
	print(std streams) error
}

// runLook is what check and preflight have in common: it looks, changes nothing, and says what judge makes of what was
// found. The exit code says whether the agent can run.
func runLook(ctx context.Context, name string, arguments []string, std streams,
	judge func(report privilege.Report, docker target.DockerStatus) verdict,
) int {
	var chosen options
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
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
	found := judge(privilege.Preflight(chosen.store), docker)
	if err := say(found, *asJSON, std); err != nil {
		return fail(std, err)
	}
	if !found.canRun() {
		return exitFailure
	}
	return exitOK
}

func say(found verdict, asJSON bool, std streams) error {
	if !asJSON {
		return found.print(std)
	}
	text, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	fmt.Fprintln(std.out, string(text))
	return nil
}
