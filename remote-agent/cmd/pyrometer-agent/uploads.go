//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// uploadPattern are the files that the app puts into a folder of each version of the agent: the program, and parts of uploads.
const uploadPattern = "pyrometer-agent*"

// removeUploads removes the agents that the app sent to a directory, and it and the two above when they are empty then. The
// directory is a login user's, whose programs could have put a link in its place: none is followed on the way, and nothing goes
// that is not named as an agent is.
func removeUploads(directory string, done *removal) {
	if directory == "" {
		return
	}
	at, err := openWithoutLinks(directory)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		done.keep(directory, err)
		return
	}
	defer at.Close()
	versions, err := at.Readdirnames(-1)
	if err != nil {
		done.keep(directory, err)
		return
	}
	for _, version := range versions {
		if err := removeUpload(at, version); err != nil {
			done.keep(filepath.Join(directory, version), err)
		}
	}
	above, name := filepath.Split(directory)
	for range 3 {
		if removeEmpty(filepath.Clean(above), name) != nil {
			return // others keep something there
		}
		done.Removed = append(done.Removed, filepath.Join(above, name))
		above, name = filepath.Split(filepath.Clean(above))
	}
}

// removeUpload removes one version's folder and the agent in it.
func removeUpload(in *os.File, version string) error {
	folder, err := openat(in, version)
	if err != nil {
		return err
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if ours, err := filepath.Match(uploadPattern, name); err != nil || !ours {
			continue
		}
		if err := unix.Unlinkat(int(folder.Fd()), name, 0); err != nil {
			return fmt.Errorf("remove %s: %w", name, err)
		}
	}
	if err := unix.Unlinkat(int(in.Fd()), version, unix.AT_REMOVEDIR); err != nil {
		return fmt.Errorf("remove the folder: %w", err)
	}
	return nil
}

func removeEmpty(above, name string) error {
	at, err := openWithoutLinks(above)
	if err != nil {
		return err
	}
	defer at.Close()
	return unix.Unlinkat(int(at.Fd()), name, unix.AT_REMOVEDIR)
}

// openWithoutLinks opens a directory by its absolute path, in which there is no link.
func openWithoutLinks(path string) (*os.File, error) {
	at, err := os.Open("/")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(strings.Trim(filepath.Clean(path), "/"), "/") {
		if name == "" {
			continue
		}
		next, err := openat(at, name)
		at.Close()
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// openat opens a directory in another one.
func openat(in *os.File, name string) (*os.File, error) {
	descriptor, err := unix.Openat(int(in.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(descriptor), name), nil
}
