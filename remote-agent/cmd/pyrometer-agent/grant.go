//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// runGrant is the command grant.
func runGrant(_ context.Context, arguments []string, std streams) int {
	var where places
	flags := flag.NewFlagSet("grant", flag.ContinueOnError)
	where.register(flags)
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	if flags.NArg() != 1 {
		fmt.Fprintln(std.err, "Say whom to admit, as in `pyrometer-agent grant 1000`; `id -u` prints a user's number.")
		return exitUsage
	}
	uids, err := parseUIDs(flags.Arg(0))
	if err != nil {
		return fail(std, err)
	}
	if err := where.absolute(); err != nil {
		return fail(std, err)
	}
	found, err := readRecord(where.runDirectory)
	if err != nil {
		return fail(std, err)
	}
	if !found.running() {
		return fail(std, errors.New("no agent runs: start one with --uid instead"))
	}
	if err := admitAll(where.runDirectory, found, uids); err != nil {
		return fail(std, err)
	}
	for _, uid := range uids {
		fmt.Fprintf(std.out, "User %d may use the agent at %s.\n", uid, controlSocket(where.runDirectory, uid))
	}
	return exitOK
}

// controlSocket is where a user reaches the agent.
func controlSocket(runDirectory string, uid int) string {
	return filepath.Join(runDirectory, controlSocketName(uid))
}

// admitAll admits those users that a running agent does not know yet. It needs to be root.
func admitAll(runDirectory string, running *record, uids []int) error {
	for _, uid := range uids {
		if slices.Contains(running.UIDs, uid) {
			continue
		}
		if err := admitOne(runDirectory, uid); err != nil {
			return fmt.Errorf("admit user %d: %w", uid, err)
		}
	}
	return nil
}

// admitOne makes the socket, which the agent has no right to make any more, and gives it to the agent.
func admitOne(runDirectory string, uid int) error {
	path := controlSocket(runDirectory, uid)
	private, err := os.MkdirTemp(runDirectory, ".new-")
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return errors.New("only root may do this: use sudo")
		}
		return err
	}
	defer os.RemoveAll(private)
	// Bound where nobody can reach it, and moved into place when owner and mode are right.
	temporary := filepath.Join(private, strconv.Itoa(uid))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: temporary, Net: "unix"})
	if err != nil {
		return err
	}
	defer listener.Close()
	listener.SetUnlinkOnClose(false)
	socket, err := listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := os.Chmod(temporary, 0o600); err != nil {
		return err
	}
	if err := os.Chown(temporary, uid, -1); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	err = askAdmin(runDirectory, adminRequest{Operation: opAdmit, UID: uid, Path: path}, socket)
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
