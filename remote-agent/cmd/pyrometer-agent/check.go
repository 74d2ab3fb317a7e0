//go:build linux

package main

import (
	"context"
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

var _ verdict = checked{}

// runCheck is the command check: it tells a person what this machine can do, and why not.
func runCheck(ctx context.Context, arguments []string, std streams) int {
	return runLook(ctx, "check", arguments, std, func(report privilege.Report, docker target.DockerStatus) verdict {
		return checked{CanRun: len(report.Refusals) == 0, Facts: append(privilege.Facts(report), dockerFact(docker))}
	})
}

// dockerFact says whether containers of Docker will have names; nothing is refused without.
func dockerFact(docker target.DockerStatus) privilege.Fact {
	if docker.Reachable {
		return privilege.Fact{Name: "docker", Value: fmt.Sprintf("%d containers", docker.Containers), State: privilege.FactFine}
	}
	return privilege.Fact{Name: "docker", Value: "no", State: privilege.FactNote, Message: docker.Message}
}

func (c checked) canRun() bool { return c.CanRun }

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
