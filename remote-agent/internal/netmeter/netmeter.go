// Package netmeter counts what this process sends and receives, by the connections that it opens and accepts: the kernel has
// no such count for a process, only for a network namespace.
package netmeter

import (
	"context"
	"net"
	"sync/atomic"
)

// total is of the process, as its CPU time is.
var total atomic.Uint64

// Bytes is what was sent and received so far, without the headers of TCP and IP.
func Bytes() uint64 { return total.Load() }

// Add counts bytes of a connection that cannot be wrapped.
func Add(bytes int) { total.Add(uint64(max(bytes, 0))) }

// DialFunc opens a connection, as net.Dialer's DialContext does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Counted counts the connections that a function opens.
func Counted(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		opened, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return connection{opened}, nil
	}
}

type connection struct{ net.Conn }

// Read implements net.Conn.
func (c connection) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	Add(n)
	return n, err
}

// Write implements net.Conn.
func (c connection) Write(from []byte) (int, error) {
	n, err := c.Conn.Write(from)
	Add(n)
	return n, err
}
