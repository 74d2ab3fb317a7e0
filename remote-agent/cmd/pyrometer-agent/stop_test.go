//go:build linux

package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestSocketsOfTheLivingStay(t *testing.T) {
	directory := t.TempDir()
	left, answered := filepath.Join(directory, "left.sock"), filepath.Join(directory, "answered.sock")
	for _, path := range []string{left, answered} {
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		listener.SetUnlinkOnClose(false)
		if path == left {
			listener.Close()
		}
	}
	if err := clearSockets(directory); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("what a dead one left is still there: %v", err)
	}
	if _, err := os.Lstat(answered); err != nil {
		t.Errorf("one that answers was removed: %v", err)
	}
}
