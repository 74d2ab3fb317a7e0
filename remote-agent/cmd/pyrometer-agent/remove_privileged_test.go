//go:build linux

package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/privilege"
)

// inOwnMounts runs what changes mounts in a mount namespace of its own thread's, which ends with it.
func inOwnMounts(t *testing.T, run func(t *testing.T)) {
	t.Helper()
	if os.Getuid() != 0 {
		skipOrFail(t, "only root may mount")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread is of no use to others
		if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
			t.Errorf("unshare: %v", err)
			return
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Errorf("make mounts private: %v", err)
			return
		}
		run(t)
	}()
	<-done
}

// withoutTracefs takes tracefs away from this mount namespace.
func withoutTracefs() {
	for _, path := range []string{"/sys/kernel/debug/tracing", "/sys/kernel/debug", privilege.TracefsPath} {
		for unix.Unmount(path, unix.MNT_DETACH) == nil {
			continue // there may be several, one above the other
		}
	}
}

func TestRemoveTakesAwayTheMountThatAnAgentMade(t *testing.T) {
	inOwnMounts(t, func(t *testing.T) {
		withoutTracefs()
		where := places{store: filepath.Join(t.TempDir(), "store"), runDirectory: t.TempDir()}
		events := filepath.Join(privilege.TracefsPath, "events")

		mounted, err := privilege.MountTracefs()
		if err != nil || !mounted {
			t.Errorf("MountTracefs = %v, %v, want true", mounted, err)
			return
		}
		// Nobody noted it: it is not ours to take away.
		done := removal{}
		if removeMount(where.runDirectory, &done); len(done.Removed)+len(done.Remains) > 0 {
			t.Errorf("removeMount = %+v", done)
		}
		if _, err := os.Stat(events); err != nil {
			t.Errorf("the mount is gone: %v", err)
		}

		if err := noteMount(where.runDirectory); err != nil {
			t.Error(err)
		}
		inUse, err := os.Open(events)
		if err != nil {
			t.Error(err)
			return
		}
		done = removeAll(where)
		want := []remainder{
			{Path: privilege.TracefsPath, Why: errMountUsed.Error()},
			{Path: where.runDirectory, Why: "it remembers the mount of " + privilege.TracefsPath},
		}
		if !slices.Equal(done.Remains, want) {
			t.Errorf("removeAll beside a used mount = %+v, want %+v", done, want)
		}
		if err := inUse.Close(); err != nil {
			t.Error(err)
		}
		done = removeAll(where)
		if !slices.Equal(done.Removed, []string{privilege.TracefsPath, where.runDirectory}) || len(done.Remains) > 0 {
			t.Errorf("removeAll = %+v, want the mount and the directory", done)
		}
		if _, err := os.Stat(events); err == nil {
			t.Error("tracefs is still mounted")
		}
	})
}
