//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/privilege"
)

// recordingTarget takes admin requests.
type recordingTarget struct {
	kept     bool
	held     string
	uid      int
	path     string
	admitted net.Listener
	refusal  error
}

func (r *recordingTarget) keep(bool) error {
	r.kept = true
	return r.refusal
}

func (r *recordingTarget) hold(holder, name string, duration time.Duration) error {
	r.held = fmt.Sprint(holder, " ", name, " ", duration)
	return nil
}

func (r *recordingTarget) end() error { return errHeld{"\"a recording\""} }

func (r *recordingTarget) admit(uid int, path string, socket *os.File) error {
	listener, err := net.FileListener(socket)
	r.uid, r.path, r.admitted = uid, path, listener
	return err
}

func TestAdminSocketHandsOverAListener(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("the admin socket is root's")
	}
	directory := t.TempDir()
	server, err := listenAdmin(directory, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	taker := &recordingTarget{}
	server.target = taker
	info, err := os.Stat(filepath.Join(directory, adminSocketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("admin socket: %v, %v, want 0600", info.Mode(), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.serve(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-served
	})
	if err := askAdmin(directory, adminRequest{Operation: opKeep}, nil); err != nil || !taker.kept {
		t.Errorf("keep: %v", err)
	}
	taker.refusal = errors.New("no")
	if err := askAdmin(directory, adminRequest{Operation: opKeep}, nil); err == nil || err.Error() != "No." {
		t.Errorf("refused keep: %v", err)
	}
	hold := adminRequest{Operation: opHold, Holder: "h", HolderName: "a window", Seconds: 30}
	if err := askAdmin(directory, hold, nil); err != nil || taker.held != "h a window 30s" {
		t.Errorf("hold: %v, %q", err, taker.held)
	}
	if err := askAdmin(directory, adminRequest{Operation: opEnd}, nil); !errors.As(err, new(heldElsewhere)) || !strings.Contains(err.Error(), "a recording") {
		t.Errorf("end of an agent that is held: %v", err)
	}
	for _, operation := range []string{"frobnicate", opAdmit} { // the latter comes without a socket
		if err := askAdmin(directory, adminRequest{Operation: operation}, nil); err == nil {
			t.Errorf("%s was accepted", operation)
		}
	}
	if err := admitOne(directory, 4242); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taker.admitted.Close() })
	path := controlSocket(directory, 4242)
	if taker.uid != 4242 || taker.path != path || privilege.OwnerOf(path) != 4242 {
		t.Errorf("admitted %d at %s, owned by %d", taker.uid, taker.path, privilege.OwnerOf(path))
	}
	go func() {
		connection, err := taker.admitted.Accept()
		if err == nil {
			_, _ = connection.Write([]byte("hello"))
			_ = connection.Close()
		}
	}()
	connection, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if said, err := io.ReadAll(connection); err != nil || string(said) != "hello" {
		t.Errorf("heard %q, %v", said, err)
	}
	if leftovers, err := filepath.Glob(filepath.Join(directory, ".new-*")); err != nil || len(leftovers) > 0 {
		t.Errorf("left behind %q, %v", leftovers, err)
	}
}
