package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Bridge carries the agent's protocol over one exec channel, where sshd refuses to forward sockets: it copies bytes
// between a control socket and its own standard input and output, and understands none of them. The caller runs one
// HTTP/2 session (prior knowledge, no TLS) over the channel, which holds many calls and streams at once; the server
// speaks it on the same socket as HTTP/1.1.
//
// It returns when either side is done: nil when the caller closed its side or the agent ended the connection.
func Bridge(ctx context.Context, socketPath string, stdin io.Reader, stdout io.Writer) error {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	dialed, err := dialer.DialContext(ctx, "unix", socketPath)
	if err != nil {
		return fmt.Errorf("reach the agent: %w", explainDial(socketPath, err))
	}
	connection := dialed.(*net.UnixConn) //nolint:forcetypeassert // what the dialer makes for "unix"
	ended := context.AfterFunc(ctx, func() { _ = connection.SetDeadline(time.Unix(1, 0)) })
	defer ended()

	answers := make(chan error, 1)
	go func() {
		_, err := io.Copy(stdout, connection)
		answers <- err
	}()
	// A read of standard input cannot be ended from here, so nobody waits for this one after the answers ended: the
	// process exits then.
	questions := make(chan error, 1)
	go func() {
		_, err := io.Copy(connection, stdin)
		questions <- err
	}()
	select {
	case err = <-answers:
	case err = <-questions:
		// The caller is gone or asks no more; what was asked is still answered, for as long as somebody reads.
		if closed := connection.CloseWrite(); closed == nil && err == nil {
			_ = connection.SetReadDeadline(time.Now().Add(drainTimeout))
			err = <-answers
		}
	}
	if closing := connection.Close(); err == nil {
		err = closing
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("carry the agent's connection: %w", err)
}

// drainTimeout is how long answers may take after the last question.
const drainTimeout = 2 * time.Second

func explainDial(path string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no agent runs behind %s: start it first: %w", path, err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s belongs to another user: `sudo pyrometer-agent grant %d` admits this one: %w", path, os.Getuid(), err)
	}
	return err
}
