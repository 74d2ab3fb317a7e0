//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/lease"
)

// The admin socket is how root's commands reach an agent that has given up its rights: what needs rights, root does, and
// hands over a descriptor. Root alone may use it.
const (
	adminSocketName = "admin.sock"
	adminTimeout    = 5 * time.Second
	// maxAdminBytes is more than any request.
	maxAdminBytes = 4096
)

// adminRequest is one packet; a listening socket comes with it for opAdmit.
type adminRequest struct {
	Operation string `json:"operation"`
	UID       int    `json:"uid,omitempty"`
	Path      string `json:"path,omitempty"`
	// Holder, HolderName and Seconds are opHold's.
	Holder     string `json:"holder,omitempty"`
	HolderName string `json:"holder_name,omitempty"`
	Seconds    int    `json:"seconds,omitempty"`
	// AtBoot is opKeep's: the agent comes back after a reboot.
	AtBoot bool `json:"at_boot,omitempty"`
}

// Operations.
const (
	// opAdmit serves one more user on the socket that comes along.
	opAdmit = "admit"
	// opKeep makes a leased agent continuous.
	opKeep = "keep"
	// opHold begins or renews a lease.
	opHold = "hold"
	// opEnd lets the agent be ended, unless others hold it.
	opEnd = "end"
)

// adminResponse is one packet. Error is one sentence, "" for success.
type adminResponse struct {
	Error string `json:"error"`
	// Held says that opEnd was refused, since somebody holds the agent.
	Held bool `json:"held,omitempty"`
	// Kept says that the agent samples no more, so that it can be neither held nor made continuous.
	Kept bool `json:"kept,omitempty"`
	// Ending says that the agent was told to end, so that it can be neither.
	Ending bool `json:"ending,omitempty"`
}

// errHeld says who holds the agent that somebody wants to end.
type errHeld struct{ whose string }

func (e errHeld) Error() string {
	return "others hold the agent (" + e.whose + "): let them end, or use --force"
}

// adminTarget does what the requests ask for.
type adminTarget interface {
	admit(uid int, path string, socket *os.File) error
	keep(atBoot bool) error
	hold(holder, name string, duration time.Duration) error
	end() error
}

var _ adminTarget = (*agent)(nil)

// admit implements adminTarget.
func (a *agent) admit(uid int, path string, socket *os.File) error {
	if err := a.pipeline.Admit(socket, path, uid); err != nil {
		return err
	}
	a.logger.Info("user admitted", "uid", uid)
	return a.record.admit(uid)
}

// keep implements adminTarget.
func (a *agent) keep(atBoot bool) error {
	if err := a.leases.Keep(); err != nil {
		return err
	}
	a.tellKeeper()
	return a.record.keep(atBoot)
}

// hold implements adminTarget.
func (a *agent) hold(holder, name string, duration time.Duration) error {
	_, err := a.leases.Hold(holder, name, duration)
	return err
}

// end implements adminTarget. The agent is ended by the signal that comes next.
func (a *agent) end() error {
	others := a.leases.End("", false)
	if len(others) == 0 {
		return nil
	}
	whose := make([]string, len(others))
	for i, other := range others {
		whose[i] = strconv.Quote(other.Description)
	}
	return errHeld{strings.Join(whose, ", ")}
}

type adminServer struct {
	listener *net.UnixListener
	target   adminTarget
	logger   *slog.Logger
}

func listenAdmin(runDirectory string, target adminTarget, logger *slog.Logger) (*adminServer, error) {
	path := filepath.Join(runDirectory, adminSocketName)
	// The lock of the run directory says that whoever made it is gone.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("make admin socket: %w", err)
	}
	// Nobody else may connect in the moment before the mode is set.
	previous := unix.Umask(0o177)
	listener, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	unix.Umask(previous)
	if err != nil {
		return nil, fmt.Errorf("make admin socket: %w", err)
	}
	// The agent has no right to remove it any more when it ends.
	listener.SetUnlinkOnClose(false)
	return &adminServer{listener: listener, target: target, logger: logger}, nil
}

// serve answers one request after the other until ctx ends.
func (s *adminServer) serve(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { s.listener.Close() })
	defer stop()
	for {
		connection, err := s.listener.AcceptUnix()
		if err != nil {
			if ctx.Err() == nil {
				s.logger.Warn("admin socket ended", "reason", err)
			}
			return
		}
		s.answer(connection)
		connection.Close()
	}
}

func (s *adminServer) answer(connection *net.UnixConn) {
	var response adminResponse
	if err := s.handle(connection); err != nil {
		response.Error = sentence(err)
		response.Held, response.Kept, response.Ending = errors.As(err, new(errHeld)), errors.Is(err, lease.ErrKept), errors.Is(err, lease.ErrEnding)
	}
	text, err := json.Marshal(response)
	if err == nil {
		_, err = connection.Write(text)
	}
	if err != nil {
		s.logger.Info("admin request was not answered", "reason", err)
	}
}

func (s *adminServer) handle(connection *net.UnixConn) error {
	if err := connection.SetDeadline(time.Now().Add(adminTimeout)); err != nil {
		return err
	}
	if err := requireOwner(connection); err != nil {
		return err
	}
	request, socket, err := readAdminRequest(connection)
	if err != nil {
		return err
	}
	if socket != nil {
		defer socket.Close()
	}
	switch {
	case request.Operation == opKeep:
		return s.target.keep(request.AtBoot)
	case request.Operation == opHold:
		return s.target.hold(request.Holder, request.HolderName, time.Duration(request.Seconds)*time.Second)
	case request.Operation == opEnd:
		return s.target.end()
	case request.Operation == opAdmit && socket != nil:
		return s.target.admit(request.UID, request.Path, socket)
	default:
		return fmt.Errorf("this agent does not know the operation %q", request.Operation)
	}
}

// requireOwner refuses everybody but root, beside the socket's mode.
func requireOwner(connection *net.UnixConn) error {
	raw, err := connection.SyscallConn()
	if err != nil {
		return fmt.Errorf("ask who calls: %w", err)
	}
	var credentials *unix.Ucred
	var failure error
	if err := raw.Control(func(descriptor uintptr) {
		credentials, failure = unix.GetsockoptUcred(int(descriptor), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return fmt.Errorf("ask who calls: %w", err)
	}
	if failure != nil {
		return fmt.Errorf("ask who calls: %w", failure)
	}
	if credentials.Uid != 0 {
		return fmt.Errorf("user %d may not change who uses the agent: use sudo", credentials.Uid)
	}
	return nil
}

// readAdminRequest returns the request and the descriptor that came along, nil for none.
func readAdminRequest(connection *net.UnixConn) (adminRequest, *os.File, error) {
	text, control := make([]byte, maxAdminBytes), make([]byte, unix.CmsgSpace(4))
	read, controlRead, _, _, err := connection.ReadMsgUnix(text, control)
	if err != nil {
		return adminRequest{}, nil, fmt.Errorf("read request: %w", err)
	}
	socket, err := receivedFile(control[:controlRead])
	if err != nil {
		return adminRequest{}, nil, err
	}
	var request adminRequest
	if err := json.Unmarshal(text[:read], &request); err != nil {
		if socket != nil {
			socket.Close()
		}
		return adminRequest{}, nil, fmt.Errorf("read request: %w", err)
	}
	return request, socket, nil
}

func receivedFile(control []byte) (*os.File, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, fmt.Errorf("read descriptor: %w", err)
	}
	for i := range messages {
		descriptors, err := unix.ParseUnixRights(&messages[i])
		if err != nil || len(descriptors) == 0 {
			continue
		}
		unix.CloseOnExec(descriptors[0])
		return os.NewFile(uintptr(descriptors[0]), "received"), nil
	}
	return nil, nil
}

// askAdmin sends a request, with a descriptor where socket is not nil, and returns the agent's error.
func askAdmin(runDirectory string, request adminRequest, socket *os.File) error {
	connection, err := net.DialUnix("unixpacket", nil,
		&net.UnixAddr{Name: filepath.Join(runDirectory, adminSocketName), Net: "unixpacket"})
	if errors.Is(err, os.ErrPermission) {
		return errors.New("only root may do this: use sudo")
	}
	if errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, os.ErrNotExist) {
		return lease.ErrEnding // It has closed its sockets.
	}
	if err != nil {
		return fmt.Errorf("reach the agent: %w", err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(adminTimeout)); err != nil {
		return fmt.Errorf("reach the agent: %w", err)
	}
	text, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	var control []byte
	if socket != nil {
		control = unix.UnixRights(int(socket.Fd()))
	}
	if _, _, err := connection.WriteMsgUnix(text, control, nil); err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	answer := make([]byte, maxAdminBytes)
	read, err := connection.Read(answer)
	if err != nil {
		return fmt.Errorf("hear from the agent: %w", err)
	}
	var response adminResponse
	if err := json.Unmarshal(answer[:read], &response); err != nil {
		return fmt.Errorf("hear from the agent: %w", err)
	}
	switch {
	case response.Held:
		return heldElsewhere{response.Error}
	case response.Kept:
		return lease.ErrKept
	case response.Ending:
		return lease.ErrEnding
	case response.Error != "":
		return errors.New(response.Error)
	}
	return nil
}

// heldElsewhere is errHeld as it arrives at the command.
type heldElsewhere struct{ said string }

func (h heldElsewhere) Error() string { return h.said }
