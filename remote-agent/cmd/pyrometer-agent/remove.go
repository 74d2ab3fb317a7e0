//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// runRemove is the command remove: nothing of the agent is left behind but its binary, which whoever put it there
// removes.
func runRemove(ctx context.Context, arguments []string, std streams) int {
	var where places
	flags := flag.NewFlagSet("remove", flag.ContinueOnError)
	where.register(flags)
	force := flags.Bool("force", false, "also when somebody holds the agent for a recording")
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	if err := where.absolute(); err != nil {
		return fail(std, err)
	}
	found, err := readRecord(where.runDirectory)
	if err != nil && !errors.Is(err, errNoRecord) {
		return fail(std, err)
	}
	if err == nil && found.running() {
		if err := endAgent(ctx, where, found, *force); err != nil {
			return fail(std, err)
		}
	}
	removed, err := removeAll(where)
	for _, path := range removed {
		fmt.Fprintf(std.out, "Removed %s.\n", path)
	}
	if err != nil {
		return fail(std, err)
	}
	if len(removed) == 0 {
		fmt.Fprintln(std.out, "There was nothing to remove.")
	}
	return exitOK
}

// What an agent makes in its directories, as patterns. A directory that was given by a flag may hold more, which is not
// ours to remove.
var (
	storePatterns = []string{"profiles.db*", "symbols-*", logFileName, logFileName + ".old"}
	runPatterns   = []string{"*.sock", recordFileName, lockFileName, ".new-*"}
)

// removeAll removes the agent's files, and the directories when nothing else is in them.
func removeAll(where places) (removed []string, err error) {
	for _, kept := range []struct {
		directory string
		patterns  []string
	}{{where.store, storePatterns}, {where.runDirectory, runPatterns}} {
		_, err := os.Stat(kept.directory)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return removed, fmt.Errorf("remove %s: %w", kept.directory, err)
		}
		for _, pattern := range kept.patterns {
			found, err := filepath.Glob(filepath.Join(kept.directory, pattern))
			if err != nil {
				return removed, fmt.Errorf("remove %s: %w", kept.directory, err)
			}
			for _, path := range found {
				if err := os.RemoveAll(path); err != nil {
					return removed, fmt.Errorf("remove %s: %w", path, err)
				}
			}
			removed = append(removed, found...)
		}
		rest, err := foreignFiles(kept.directory, nil)
		if err != nil {
			return removed, fmt.Errorf("remove %s: %w", kept.directory, err)
		}
		if len(rest) > 0 {
			return removed, fmt.Errorf("%s holds files that are not the agent's and stays: %q", kept.directory, rest)
		}
		if err := os.Remove(kept.directory); err != nil {
			return removed, fmt.Errorf("remove %s: %w", kept.directory, err)
		}
		removed = append(removed, kept.directory)
	}
	return removed, nil
}
