//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// makeDirectory makes a directory with exactly a mode. Those above it that are missing are made for everybody to pass.
// One that is there already must hold nothing but files of the agent's names: its mode is changed, and a store's files are
// given away, which must not befall a directory that somebody named by mistake, as /tmp or /run.
func makeDirectory(path string, mode fs.FileMode, ours []string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := os.Mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make directory: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	// A link could lead the agent's files, which are given away, to anywhere.
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory: remove it, or choose another place", path)
	}
	foreign, err := foreignFiles(path, ours)
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if len(foreign) > 0 {
		return fmt.Errorf("%s holds files that are not the agent's, as %q: choose a directory of its own", path, foreign[0])
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	return nil
}

// foreignFiles names what is in a directory and matches none of the agent's patterns, sorted.
func foreignFiles(directory string, ours []string) ([]string, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", directory, err)
	}
	var foreign []string
	for _, entry := range entries {
		known := false
		for _, pattern := range ours {
			matched, err := filepath.Match(pattern, entry.Name())
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", directory, err)
			}
			known = known || matched
		}
		if !known {
			foreign = append(foreign, entry.Name())
		}
	}
	return foreign, nil
}
