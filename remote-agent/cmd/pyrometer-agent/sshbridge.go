//go:build linux

package main

import (
	"context"
	"flag"
	"io"
	"os"
	"os/signal"
	"syscall"

	"pyrometer.dev/remote-agent/internal/sshbridge"
)

// runRootBridge is the command root-bridge.
func runRootBridge(ctx context.Context, arguments []string, std streams) int {
	return runSSHBridge(ctx, "root-bridge", sshbridge.ServeRoot, arguments, std)
}

// runLoginBridge is the command login-bridge.
func runLoginBridge(ctx context.Context, arguments []string, std streams) int {
	return runSSHBridge(ctx, "login-bridge", sshbridge.ServeLogin, arguments, std)
}

func runSSHBridge(
	ctx context.Context, name string, serve func(context.Context, io.Reader, io.Writer) error, arguments []string, std streams,
) int {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	// Nobody reads any more: commands are ended first. Ignored, it would be ignored by the commands as well.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if err := serve(ctx, std.in, std.out); err != nil {
		return fail(std, err)
	}
	return exitOK
}
