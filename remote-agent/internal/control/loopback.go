package control

import (
	"fmt"
	"net"
	"net/netip"
)

// ListenIngest makes a TCP listener for pushes, on an address of this machine alone: nobody is asked who pushes.
func ListenIngest(address string) (net.Listener, error) {
	return listenLoopback(address, "take pushes")
}

// ListenMetrics makes a TCP listener for Prometheus, on an address of this machine alone.
func ListenMetrics(address string) (net.Listener, error) {
	return listenLoopback(address, "tell metrics")
}

func listenLoopback(address, purpose string) (net.Listener, error) {
	where, err := netip.ParseAddrPort(address)
	if err != nil || !where.Addr().IsLoopback() {
		return nil, fmt.Errorf("%s on %q: it is no loopback address with a port, as 127.0.0.1:4041 is, and only this machine is served", purpose, address)
	}
	listener, err := net.Listen("tcp", where.String())
	if err != nil {
		return nil, fmt.Errorf("%s on %s: %w", purpose, address, err)
	}
	return listener, nil
}
