//go:build linux

package sshbridge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// What a bridge does for who logged in, as sshd would.

func TestALineIsForTheShell(t *testing.T) {
	bridge := open(t, context.Background(), forLogin)
	for _, test := range []struct {
		line, input, out string
		code             int
	}{
		{"printf '[%s]' 'a b' \"it's\"", "", "[a b][it's]", 0},
		{"cat; exit 7", "in", "in", 7},
		{"a=1; echo $((a + 1)) | cat", "", "2\n", 0},
		{"no-such-program 2>/dev/null", "", "", exitNotFound},
	} {
		session := bridge.session(t)
		session.Stdin = strings.NewReader(test.input)
		out, err := session.Output(test.line)
		code := 0
		if ended := (*ssh.ExitError)(nil); errors.As(err, &ended) {
			code = ended.ExitStatus()
		} else if err != nil {
			t.Fatal(err)
		}
		if string(out) != test.out || code != test.code {
			t.Errorf("%s = %d, %q", test.line, code, out)
		}
	}
	if err := bridge.session(t).Run(""); err == nil {
		t.Error("there is a shell")
	}
}

// echoing answers what it hears once it has heard all of it.
func echoing(t *testing.T, network, address string) net.Addr {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer near.Close()
				heard, _ := io.ReadAll(near)
				_, _ = near.Write(append([]byte("heard "), heard...))
			}()
		}
	}()
	return listener.Addr()
}

func TestConnectionsAreOpened(t *testing.T) {
	bridge := open(t, context.Background(), forLogin)
	path := filepath.Join(t.TempDir(), "echo.sock")
	for _, at := range []net.Addr{echoing(t, "tcp", "127.0.0.1:0"), echoing(t, "tcp", "[::1]:0"), echoing(t, "unix", path)} {
		near, err := bridge.Dial(at.Network(), at.String())
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		said := bytes.Repeat([]byte("words "), 500_000)
		go func() {
			_, _ = near.Write(said)
			_ = near.(interface{ CloseWrite() error }).CloseWrite()
		}()
		answer, err := io.ReadAll(near)
		if err != nil || !bytes.Equal(answer, append([]byte("heard "), said...)) {
			t.Errorf("%s: %d bytes, %v", at, len(answer), err)
		}
		near.Close()
	}
}

func TestWhatCannotBeConnectedIsRefusedWithAReason(t *testing.T) {
	bridge := open(t, context.Background(), forLogin)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	for _, test := range []struct{ network, address, why string }{
		{"tcp", free.Addr().String(), "refused"},
		{"tcp", "no-such-host.invalid:80", "lookup"},
		{"unix", "/nowhere/socket", "no such file"},
	} {
		_, err := bridge.Dial(test.network, test.address)
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) || refused.Reason != ssh.ConnectionFailed || !strings.Contains(refused.Message, test.why) {
			t.Errorf("%s: %v", test.address, err)
		}
	}
	for _, garbage := range [][]byte{nil, {1, 2, 3}, ssh.Marshal(struct {
		Host     string
		Port     uint32
		FromHost string
		FromPort uint32
	}{Host: "127.0.0.1", Port: 70_000})} {
		if _, _, err := bridge.OpenChannel(toAddress, garbage); err == nil {
			t.Errorf("%v was opened", garbage)
		}
	}
	if _, _, err := bridge.OpenChannel("x11", nil); err == nil {
		t.Error("it opens whatever is asked for")
	}
}

// A far end that never ends is let go when the app closes its channel, and when the bridge ends.
func TestAConnectionEndsWithItsChannelAndItsBridge(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	bridge := open(t, context.Background(), forLogin.within(limits{time.Minute, 300 * time.Millisecond}))
	for _, end := range []func(near net.Conn){
		func(near net.Conn) { near.Close() },
		func(net.Conn) { bridge.input.Close() },
	} {
		near, err := bridge.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		far, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		end(near)
		_ = far.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("it is still open: %v", err)
		}
		far.Close()
	}
	if err := isOver(t, bridge.over); err != nil {
		t.Error(err)
	}
}
