package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/netmeter"
)

// PushSocketName is the file name of the push socket, which containers may mount.
const PushSocketName = "push.sock"

// ErrInUse says that another agent answers on a socket.
var ErrInUse = errors.New("another agent answers on this socket")

// SocketName is the file name of the control socket that a uid may use.
func SocketName(uid int) string { return "control-" + strconv.Itoa(uid) + ".sock" }

// listener is a Unix socket with an owner.
type listener struct {
	*net.UnixListener
	path string
	// uid that may call, beside root; -1: everybody.
	uid int
}

// ListenControl makes the control socket of a uid in a directory: owned by it, 0600. sshd opens a forwarded socket as
// the login user, so a socket of root's would be out of its reach. What a dead agent left is replaced; one that
// answers is ErrInUse.
func ListenControl(directory string, uid int) (net.Listener, error) {
	return listen(filepath.Join(directory, SocketName(uid)), uid, uid, 0o600)
}

// ListenControlAt is ListenControl with a path of the caller's choice.
func ListenControlAt(path string, uid int) (net.Listener, error) {
	return listen(path, uid, uid, 0o600)
}

// ListenPush makes the push socket: everybody on the machine may write to it, and nobody can read anything by it.
func ListenPush(directory string) (net.Listener, error) {
	return ListenPushAt(filepath.Join(directory, PushSocketName))
}

// ListenPushAt is ListenPush with a path of the caller's choice.
func ListenPushAt(path string) (net.Listener, error) { return listen(path, os.Getuid(), -1, 0o666) }

func listen(path string, owner, uid int, mode os.FileMode) (net.Listener, error) {
	if Answers(path) {
		return nil, fmt.Errorf("listen on %s: %w", path, ErrInUse)
	}
	// Bound where nobody else can reach it, and moved into place when owner and mode are right: there is no moment in
	// which a stranger can connect, and an old socket is replaced in one step.
	private, err := os.MkdirTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return nil, fmt.Errorf("make socket: %w", err)
	}
	made, err := bind(private, path, owner, mode)
	if removed := os.RemoveAll(private); err == nil && removed != nil {
		err = errors.Join(fmt.Errorf("make socket: %w", removed), made.Close())
	}
	if err != nil {
		return nil, err
	}
	return &listener{UnixListener: made, path: path, uid: uid}, nil
}

func bind(private, path string, owner int, mode os.FileMode) (*net.UnixListener, error) {
	// The path of a Unix socket has at most 107 bytes; the short temporary name leaves the room to the directory.
	temporary := filepath.Join(private, "s")
	made, err := net.ListenUnix("unix", &net.UnixAddr{Name: temporary, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("make socket %s: %w", path, err)
	}
	made.SetUnlinkOnClose(false)
	err = os.Chmod(temporary, mode)
	if err == nil && owner != os.Getuid() {
		err = os.Chown(temporary, owner, -1)
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make socket %s: %w", path, err), made.Close())
	}
	return made, nil
}

// Answers says whether somebody listens on a socket.
func Answers(path string) bool {
	connection, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	return connection.Close() == nil
}

// Close removes the socket and stops listening. In this order: while it answers no other agent takes its place, so that
// what is removed is never another's.
func (l *listener) Close() error {
	removed := os.Remove(l.path)
	if errors.Is(removed, os.ErrNotExist) {
		removed = nil
	}
	return errors.Join(removed, l.UnixListener.Close())
}

// Accept hands out connections that know who may call on them.
func (l *listener) Accept() (net.Conn, error) {
	connection, err := l.AcceptUnix()
	if err != nil {
		return nil, err
	}
	return &peerConnection{UnixConn: connection, admitted: l.uid}, nil
}

// Addr is the path that callers know; the one that the socket was bound to is gone.
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

type peerConnection struct {
	*net.UnixConn
	admitted int
}

// Read implements net.Conn.
func (c *peerConnection) Read(into []byte) (int, error) {
	n, err := c.UnixConn.Read(into)
	netmeter.Add(n)
	return n, err
}

// Write implements net.Conn.
func (c *peerConnection) Write(from []byte) (int, error) {
	n, err := c.UnixConn.Write(from)
	netmeter.Add(n)
	return n, err
}

// PeerUID is the uid of the process that opened the other end of a Unix socket, as the kernel knows it.
func PeerUID(connection *net.UnixConn) (int, error) {
	raw, err := connection.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("ask for the peer: %w", err)
	}
	var credentials *unix.Ucred
	var failure error
	err = raw.Control(func(descriptor uintptr) {
		credentials, failure = unix.GetsockoptUcred(int(descriptor), unix.SOL_SOCKET, unix.SO_PEERCRED) //nolint:gosec // a descriptor
	})
	if err := errors.Join(err, failure); err != nil {
		return 0, fmt.Errorf("ask for the peer: %w", err)
	}
	return int(credentials.Uid), nil
}

type peerKey struct{}

// peer is who calls on a connection.
type peer struct {
	uid      int
	admitted bool
}

func withPeer(ctx context.Context, connection net.Conn) context.Context {
	known := peer{uid: -1}
	if c, ours := connection.(*peerConnection); ours {
		if uid, err := PeerUID(c.UnixConn); err == nil {
			known.uid = uid
			known.admitted = uid == 0 || uid == c.admitted
		}
	}
	return context.WithValue(ctx, peerKey{}, known)
}

// admit refuses calls of everybody but the socket's user and root. A socket that was not made by this package admits
// nobody.
func admit(next http.Handler) http.Handler {
	refusal := connect.NewErrorWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := r.Context().Value(peerKey{}).(peer)
		if caller.admitted {
			next.ServeHTTP(w, r)
			return
		}
		err := connect.NewError(connect.CodePermissionDenied, fmt.Errorf(
			"user %d may not use this agent: `sudo pyrometer-agent grant %d` on the target admits it", caller.uid, caller.uid))
		if refusal.IsSupported(r) {
			if refusal.Write(w, r, err) == nil {
				return
			}
		}
		http.Error(w, err.Error(), http.StatusForbidden)
	})
}
