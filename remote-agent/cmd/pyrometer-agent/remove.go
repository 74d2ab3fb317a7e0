//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"pyrometer.dev/remote-agent/internal/privilege"
	"pyrometer.dev/remote-agent/internal/systemd"
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
	done := removeAll(where)
	reloadUnits(ctx)
	for _, path := range done.Removed {
		fmt.Fprintf(std.out, "Removed %s.\n", path)
	}
	for _, rest := range done.Remains {
		fmt.Fprintf(std.err, "%s stays: %s.\n", rest.Path, rest.Why)
	}
	if len(done.Removed)+len(done.Remains) == 0 {
		fmt.Fprintln(std.out, "There was nothing to remove.")
	}
	text, err := json.Marshal(done)
	if err != nil {
		return fail(std, fmt.Errorf("tell what was removed: %w", err))
	}
	fmt.Fprintln(std.out, string(text))
	if len(done.Remains) > 0 {
		return exitFailure
	}
	return exitOK
}

// removal is the last line of the command remove.
type removal struct {
	Removed []string    `json:"removed"`
	Remains []remainder `json:"remains"`
}

// remainder is something of the agent's that could not be removed.
type remainder struct {
	Path string `json:"path"`
	// Why is a clause without a full stop.
	Why string `json:"why"`
}

func (r *removal) keep(path string, why error) {
	r.Remains = append(r.Remains, remainder{Path: path, Why: why.Error()})
}

// mountFileName is in the run directory while tracefs is mounted because an agent did it; both go with a reboot.
const mountFileName = "tracefs-mounted"

// noteMount notes that this agent mounted tracefs.
func noteMount(runDirectory string) error {
	if err := os.WriteFile(filepath.Join(runDirectory, mountFileName), nil, 0o644); err != nil {
		return fmt.Errorf("note the mount: %w", err)
	}
	return nil
}

var errMountUsed = errors.New("others use it by now")

// removeMount takes away the mount that an agent made, and the note of it; one that others use by now stays, and its note.
func removeMount(runDirectory string, done *removal) {
	note := filepath.Join(runDirectory, mountFileName)
	if _, err := os.Lstat(note); err != nil {
		return // nothing was mounted, or removeFiles says why the directory cannot be read
	}
	gone, err := privilege.UnmountTracefs()
	if err == nil && !gone {
		err = errMountUsed
	}
	if err == nil {
		err = os.Remove(note)
	}
	if err != nil {
		done.keep(privilege.TracefsPath, err)
		return
	}
	done.Removed = append(done.Removed, privilege.TracefsPath)
}

// What an agent makes in its directories, as patterns. A directory that was given by a flag may hold more, which is not
// ours to remove.
var (
	storePatterns = []string{"profiles.db*", "symbols-*", logFileName, logFileName + ".old"}
	runPatterns   = []string{"*.sock", recordFileName, lockFileName, mountFileName, startLockFileName, keeperFileName, ".new-*"}
)

// removeAll removes the agent's mount and files, and the directories when nothing else is in them. What cannot be removed
// hinders nothing else.
func removeAll(where places) removal {
	done := removal{Removed: []string{}, Remains: []remainder{}}
	boot, err := removeBootFiles(where)
	if err != nil {
		done.keep(systemd.DefaultBootFiles.Units, err)
	}
	done.Removed = append(done.Removed, boot...)
	removeMount(where.runDirectory, &done)
	removeFiles(where.store, storePatterns, &done)
	removeFiles(where.runDirectory, runPatterns, &done)
	return done
}

func removeFiles(directory string, patterns []string, done *removal) {
	if _, err := os.Stat(directory); errors.Is(err, os.ErrNotExist) {
		return
	} else if err != nil {
		done.keep(directory, err)
		return
	}
	for _, pattern := range patterns {
		if pattern == mountFileName {
			continue // it goes with the mount
		}
		found, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			done.keep(directory, err)
			return
		}
		for _, path := range found {
			if err := os.RemoveAll(path); err != nil {
				done.keep(path, err)
				continue
			}
			done.Removed = append(done.Removed, path)
		}
	}
	rest, err := foreignFiles(directory, nil)
	switch {
	case err != nil:
		done.keep(directory, err)
		return
	case slices.Equal(rest, []string{mountFileName}):
		done.keep(directory, fmt.Errorf("it remembers the mount of %s", privilege.TracefsPath))
		return
	case len(rest) > 0:
		done.keep(directory, fmt.Errorf("it holds files that are not the agent's: %q", rest))
		return
	}
	if err := os.Remove(directory); err != nil {
		done.keep(directory, err)
		return
	}
	done.Removed = append(done.Removed, directory)
}
