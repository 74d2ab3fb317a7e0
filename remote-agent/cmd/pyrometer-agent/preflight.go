//go:build linux

package main

import (
	"context"
	"fmt"

	"pyrometer.dev/remote-agent/internal/privilege"
	"pyrometer.dev/remote-agent/internal/target"
)

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

var _ verdict = preflightReport{}

// runPreflight is the command preflight.
func runPreflight(ctx context.Context, arguments []string, std streams) int {
	return runLook(ctx, "preflight", arguments, std, func(report privilege.Report, docker target.DockerStatus) verdict {
		return preflightReport{
			Report: report,
			Docker: dockerReport{Reachable: docker.Reachable, Message: docker.Message, Containers: docker.Containers},
		}
	})
}

func (p preflightReport) canRun() bool { return len(p.Refusals) == 0 }

func (p preflightReport) print(std streams) error {
	for _, refusal := range p.Refusals {
		fmt.Fprintln(std.out, refusal.Message)
	}
	if p.canRun() {
		fmt.Fprintln(std.out, "The agent can run here.")
	}
	if p.Docker.Message != "" {
		fmt.Fprintln(std.out, p.Docker.Message)
	}
	return nil
}
