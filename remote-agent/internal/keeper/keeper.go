// Package keeper is what a process that stayed root does for an agent that gave up its rights, and how the agent asks for it:
// reading from container engines, whose sockets are as good as root's rights, and removing what the agent leaves.
//
// The agent asks by packets of one byte, which names the engine, with one end of a pair of connected sockets (SCM_RIGHTS). On the
// socket it then speaks HTTP, of which the gate lets through a fixed list of questions. A packet of nine bytes without a socket is a
// plan: 'r', and when to remove everything; 'l', to leave it; or 's', to leave it, and not to start the agent after a reboot. The answer is a packet of four bytes, an errno, 0 for success. Whoever holds the agent's end of the channel is taken for
// an attacker: what is not exactly so is refused, and costs the keeper nothing that lasts.
package keeper

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Engine is a container engine that speaks Docker's API.
type Engine byte

// Engines.
const (
	Docker Engine = 'd'
	Podman Engine = 'p'
)

const (
	dialTimeout = 2 * time.Second
	// answerTimeout is how long the agent waits for a keeper that dials.
	answerTimeout = 5 * time.Second
	// maxConnections is more than the agent's clients have open.
	maxConnections = 16
	// roomOfPacket is more than a right packet has, so that a longer one is seen to be.
	roomOfPacket = 16
	// maxDescriptors is as many as the kernel lets a packet carry: all that came are to be closed.
	maxDescriptors = 253
)

// Plan is what becomes of all that was put on the machine once the agent has ended.
type Plan struct {
	// Remove: it is removed, unless another agent has taken it over by then. Else it stays.
	Remove bool
	// Stopped: somebody stopped the agent, which is not to come back after a reboot.
	Stopped bool
	// At is when, by CLOCK_BOOTTIME; 0: a span of the keeper's after the agent's end.
	At time.Duration
}

// First bytes of a plan's packet, whose other eight are At in nanoseconds.
const (
	planRemove   = 'r'
	planLeave    = 'l'
	planStopped  = 's'
	bytesOfPlan  = 9
	bytesOfReply = 4
)

func (p Plan) packet() []byte {
	kind := byte(planLeave)
	switch {
	case p.Remove:
		kind = planRemove
	case p.Stopped:
		kind = planStopped
	}
	return binary.LittleEndian.AppendUint64([]byte{kind}, uint64(p.At)) //nolint:gosec // read back as it was
}

func planOf(packet []byte) (Plan, bool) {
	if len(packet) != bytesOfPlan || !bytes.Contains([]byte{planRemove, planLeave, planStopped}, packet[:1]) {
		return Plan{}, false
	}
	at := time.Duration(binary.LittleEndian.Uint64(packet[1:])) //nolint:gosec // negative is refused
	return Plan{Remove: packet[0] == planRemove, Stopped: packet[0] == planStopped, At: at}, at >= 0
}

// Pair makes the channel between an agent and its keeper: the agent's end, and the keeper's to be passed on.
func Pair() (agent *Channel, keeper *os.File, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make the keeper's channel: %w", err)
	}
	keeper = os.NewFile(uintptr(ends[1]), "keeper")
	connection, err := packetConnection(os.NewFile(uintptr(ends[0]), "agent"))
	if err != nil {
		return nil, nil, errors.Join(err, keeper.Close())
	}
	return &Channel{connection: connection}, keeper, nil
}

// packetConnection takes a file over.
func packetConnection(file *os.File) (*net.UnixConn, error) {
	defer file.Close()
	made, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("use the keeper's channel: %w", err)
	}
	connection, ok := made.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(errors.New("the keeper's channel is no Unix socket"), made.Close())
	}
	return connection, nil
}

// Channel is the agent's end. Safe for concurrent use.
type Channel struct {
	mu         sync.Mutex
	connection *net.UnixConn
	broken     error
}

// Dial connects to an engine through the keeper. Its errors are those of the keeper's own connect, as syscall.ENOENT.
func (c *Channel) Dial(ctx context.Context, engine Engine) (net.Conn, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make a socket for the keeper: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(ends[0]), "engine"), os.NewFile(uintptr(ends[1]), "engine")
	defer ours.Close()
	err = c.ask(ctx, []byte{byte(engine)}, theirs)
	if err := errors.Join(err, theirs.Close()); err != nil {
		return nil, err
	}
	connection, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("use a socket of the keeper: %w", err)
	}
	return connection, nil
}

// Tell replaces the plan.
func (c *Channel) Tell(ctx context.Context, plan Plan) error { return c.ask(ctx, plan.packet(), nil) }

// ask sends a packet, with a socket where that is not nil.
func (c *Channel) ask(ctx context.Context, packet []byte, socket *os.File) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.broken != nil {
		return c.broken
	}
	refused, err := c.exchange(packet, socket)
	if err != nil {
		// An answer that comes late would be taken for the next one's.
		c.broken = fmt.Errorf("the agent's keeper does not answer, restart the agent: %w", err)
		return c.broken
	}
	if refused != 0 {
		return refused
	}
	return nil
}

func (c *Channel) exchange(packet []byte, socket *os.File) (syscall.Errno, error) {
	if err := c.connection.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return 0, err
	}
	var rights []byte
	if socket != nil {
		rights = unix.UnixRights(int(socket.Fd()))
	}
	if _, _, err := c.connection.WriteMsgUnix(packet, rights, nil); err != nil {
		return 0, err
	}
	var answer [roomOfPacket]byte
	read, err := c.connection.Read(answer[:])
	if err != nil {
		return 0, err
	}
	if read != bytesOfReply {
		return 0, io.ErrUnexpectedEOF
	}
	return syscall.Errno(binary.LittleEndian.Uint32(answer[:])), nil
}

// Close ends the channel.
func (c *Channel) Close() error { return c.connection.Close() }

// Serve answers an agent on the keeper's end of the channel until the agent closes its own. sockets are the paths where engines
// listen; others are refused. planned is told of plans, one after the other.
func Serve(channel *os.File, sockets map[Engine]string, planned func(Plan) error) error {
	connection, err := packetConnection(channel)
	if err != nil {
		return err
	}
	defer connection.Close()
	room := make(chan struct{}, maxConnections)
	gates := make(map[Engine]*gate, len(sockets))
	for engine, path := range sockets {
		gates[engine] = newGate(path)
	}
	for {
		packet, err := receive(connection)
		if err != nil {
			return err
		}
		if packet == nil {
			return nil
		}
		refused := packet.obey(room, gates, sockets, planned)
		var answer [bytesOfReply]byte
		binary.LittleEndian.PutUint32(answer[:], uint32(refused))
		if err := connection.SetWriteDeadline(time.Now().Add(answerTimeout)); err != nil {
			return err
		}
		// An agent that sends and does not read has only itself to blame.
		if _, err := connection.Write(answer[:]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
				return nil
			}
			return fmt.Errorf("answer the agent: %w", err)
		}
	}
}

// packet is what an agent sent.
type packet struct {
	text    []byte
	sockets []*os.File
}

// receive reads a packet, nil at the end.
func receive(connection *net.UnixConn) (*packet, error) {
	text, control := make([]byte, roomOfPacket), make([]byte, unix.CmsgSpace(4*maxDescriptors))
	read, controlRead, _, _, err := connection.ReadMsgUnix(text, control)
	if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("hear from the agent: %w", err)
	}
	if read == 0 && controlRead == 0 {
		return nil, nil // the end; an empty packet looks the same
	}
	came := &packet{text: text[:read]}
	messages, err := unix.ParseSocketControlMessage(control[:controlRead])
	if err != nil {
		return came, nil //nolint:nilerr // a packet without a descriptor is refused
	}
	for i := range messages {
		descriptors, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, descriptor := range descriptors {
			came.sockets = append(came.sockets, os.NewFile(uintptr(descriptor), "received"))
		}
	}
	return came, nil
}

// obey does what a packet asks for.
func (p *packet) obey(room chan struct{}, gates map[Engine]*gate, paths map[Engine]string, planned func(Plan) error) syscall.Errno {
	plan, told := planOf(p.text)
	if !told || len(p.sockets) > 0 {
		return p.admit(room, gates, paths)
	}
	if err := planned(plan); err != nil {
		return unix.EIO
	}
	return 0
}

// admit begins to serve on the socket of a packet that is right.
func (p *packet) admit(room chan struct{}, gates map[Engine]*gate, paths map[Engine]string) syscall.Errno {
	defer func() {
		for _, each := range p.sockets {
			each.Close()
		}
	}()
	if len(p.text) != 1 || len(p.sockets) != 1 {
		return unix.EINVAL
	}
	engine := Engine(p.text[0])
	gate := gates[engine]
	if gate == nil {
		return unix.EINVAL
	}
	if kind, err := unix.GetsockoptInt(int(p.sockets[0].Fd()), unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_STREAM {
		return unix.ENOTSOCK
	}
	if refused := reachable(paths[engine]); refused != 0 {
		return refused
	}
	connection, err := net.FileConn(p.sockets[0])
	if err != nil {
		return unix.ENOTSOCK
	}
	if _, connected := connection.(*net.UnixConn); !connected {
		connection.Close()
		return unix.ENOTSOCK
	}
	select {
	case room <- struct{}{}:
	default:
		connection.Close()
		return unix.EBUSY
	}
	go func() {
		defer func() { <-room }()
		defer connection.Close()
		serveGate(connection, gate)
	}()
	return 0
}

// reachable says why nobody answers on a socket: afterwards, HTTP would hide the reason.
func reachable(path string) syscall.Errno {
	connection, err := net.DialTimeout("unix", path, dialTimeout)
	if err == nil {
		connection.Close()
		return 0
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return unix.ETIMEDOUT
}
