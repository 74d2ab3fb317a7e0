//go:build linux

package main

import (
	"context"
	"flag"
	"os"

	"pyrometer.dev/remote-agent/internal/control"
)

// runBridge is the command bridge.
func runBridge(ctx context.Context, arguments []string, std streams) int {
	var where places
	flags := flag.NewFlagSet("bridge", flag.ContinueOnError)
	where.register(flags)
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	if err := where.absolute(); err != nil {
		return fail(std, err)
	}
	if err := control.Bridge(ctx, controlSocket(where.runDirectory, os.Getuid()), std.in, std.out); err != nil {
		return fail(std, err)
	}
	return exitOK
}
