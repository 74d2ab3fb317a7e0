//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"text/tabwriter"

	"pyrometer.dev/remote-agent/internal/privilege"
	"pyrometer.dev/remote-agent/internal/target"
)

// checked is what check --json prints.
type checked struct {
	// CanRun says that nothing is refused.
	CanRun bool             `json:"can_run"`
	Facts  []privilege.Fact `json:"facts"`
}

// runCheck is the command check: it tells a person what this machine can do, and why not.
func runCheck(ctx context.Context, arguments []string, std streams) int {
	var chosen options
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
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
	report := privilege.Preflight(chosen.store)
	found := checked{CanRun: len(report.Refusals) == 0, Facts: append(privilege.Facts(report), dockerFact(ctx, chosen.dockerHost))}
	code := exitOK
	if !found.CanRun {
		code = exitFailure
	}
	if *asJSON {
		text, err := json.Marshal(found)
		if err != nil {
			return fail(std, err)
		}
		fmt.Fprintln(std.out, string(text))
		return code
	}
	if err := found.print(std); err != nil {
		return fail(std, err)
	}
	return code
}

// dockerFact says whether containers of Docker will have names; nothing is refused without.
func dockerFact(ctx context.Context, host string) privilege.Fact {
	docker := target.NewDocker(host, discardLogger).Probe(ctx)
	if docker.Reachable {
		return privilege.Fact{Name: "docker", Value: fmt.Sprintf("%d containers", docker.Containers), State: privilege.FactFine}
	}
	return privilege.Fact{Name: "docker", Value: "no", State: privilege.FactNote, Message: docker.Message}
}

func (c checked) print(std streams) error {
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	marks := map[privilege.FactState]string{privilege.FactFine: "", privilege.FactNote: "note", privilege.FactRefused: "NO"}
	for _, fact := range c.Facts {
		fmt.Fprintf(table, "%s\t%s\t%s\n", marks[fact.State], fact.Name, fact.Value)
		if fact.Message != "" {
			fmt.Fprintf(table, "\t\t  %s\n", fact.Message)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	if c.CanRun {
		fmt.Fprintln(std.out, "The agent can run here.")
	} else {
		fmt.Fprintln(std.out, "The agent cannot run here.")
	}
	return nil
}
