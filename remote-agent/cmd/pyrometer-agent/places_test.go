//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRemoveLeavesWhatIsNotTheAgents(t *testing.T) {
	directory := t.TempDir()
	where := places{store: filepath.Join(directory, "store"), runDirectory: filepath.Join(directory, "run")}
	write := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ours := []string{"profiles.db", "profiles.db-wal", "agent.log", "agent.log.old"}
	for _, name := range ours {
		write(filepath.Join(where.store, name))
	}
	foreign := filepath.Join(where.store, "thesis.tex")
	write(foreign)
	write(filepath.Join(where.runDirectory, recordFileName))
	if done := removeAll(where); len(done.Remains) != 1 || done.Remains[0].Path != where.store || !strings.Contains(done.Remains[0].Why, "thesis.tex") {
		t.Errorf("removeAll = %+v, want a word about the foreign file and no other", done)
	}
	// It hinders nothing else.
	if _, err := os.Stat(where.runDirectory); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", where.runDirectory, err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("foreign file: %v", err)
	}
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}
	if done := removeAll(where); len(done.Remains) > 0 {
		t.Errorf("removeAll = %+v", done)
	}
	for _, path := range []string{where.store, where.runDirectory} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
}

func TestKeeperSweepsOnlyAfterItsAgent(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "run")
	file, err := openRecord(directory, record{})
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(directory, "push.sock")
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.OpenFile(filepath.Join(directory, lockFileName), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := takeLock(held, 0); err == nil {
		t.Error("the lock of a running agent was taken")
	}
	if err := file.close(); err != nil {
		t.Fatal(err)
	}
	expectKept(t, directory)
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(directory, recordFileName)); err != nil {
		t.Errorf("the record, which says how the agent ended: %v", err)
	}
	expectKept(t, directory+"-gone")
}

// expectKept has a keeper begin and its agent end.
func expectKept(t *testing.T, runDirectory string) {
	t.Helper()
	kept, err := startKeeper(&options{places: places{runDirectory: runDirectory}})
	if err != nil {
		t.Fatal(err)
	}
	// Both are closed by the end of an agent.
	if err := errors.Join(kept.Close(), kept.alive.Close()); err != nil {
		t.Fatal(err)
	}
	if ended, err := kept.process.Wait(); err != nil || !ended.Success() {
		t.Errorf("the keeper of %s: %v, %v", runDirectory, ended, err)
	}
}

func TestMakeDirectoryRefusesALink(t *testing.T) {
	directory := t.TempDir()
	if err := makeDirectory(filepath.Join(directory, "a", "b"), 0o700, nil); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{"a": 0o755, "a/b": 0o700} {
		info, err := os.Stat(filepath.Join(directory, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	link := filepath.Join(directory, "link")
	if err := os.Symlink("/etc", link); err != nil {
		t.Fatal(err)
	}
	if err := makeDirectory(link, 0o700, nil); err == nil {
		t.Error("a link was taken for a directory")
	}
}

func TestMakeDirectoryLeavesOthersDirectories(t *testing.T) {
	directory := t.TempDir()
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"profiles.db", "profiles.db-wal", "agent.log.old"} {
		if err := os.WriteFile(filepath.Join(directory, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := makeDirectory(directory, 0o755, storePatterns); err != nil {
		t.Errorf("a store of ours: %v", err)
	}
	if err := os.WriteFile(filepath.Join(directory, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := makeDirectory(directory, 0o700, storePatterns)
	if err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("makeDirectory = %v, want a word about the foreign file", err)
	}
	if info, err := os.Stat(directory); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("mode %v, %v: another's directory was changed", info.Mode(), err)
	}
}

func TestLogIsNoLink(t *testing.T) {
	directory := t.TempDir()
	other := filepath.Join(directory, "other")
	if err := os.Symlink(other, filepath.Join(directory, logFileName)); err != nil {
		t.Fatal(err)
	}
	if log, err := openLog(filepath.Join(directory, logFileName)); err == nil {
		t.Errorf("a link was followed: %v", log.Close())
	}
	if _, err := os.Lstat(other); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made through a link: %v", err)
	}
}

func TestLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.log")
	log, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.Repeat([]byte("x"), 1<<20)
	for range 20 {
		if _, err := log.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".old"} {
		info, err := os.Stat(name)
		if err != nil || info.Size() == 0 || info.Size() > maxLogBytes {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}
