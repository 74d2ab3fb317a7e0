//go:build linux

package sshbridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// dialPatience is how long an address may not answer.
const dialPatience = 15 * time.Second

// Channels that are connections (RFC 4254, 7.2, and PROTOCOL of OpenSSH, 2.4).
const (
	toAddress    = "direct-tcpip"
	toUnixSocket = "direct-streamlocal@openssh.com"
)

var errNoAddress = errors.New("that is no address")

func isStream(opened ssh.NewChannel) bool {
	return opened.ChannelType() == toAddress || opened.ChannelType() == toUnixSocket
}

// connect opens what a channel is to be connected to, and carries both ways until both ends have ended, the app closes the channel,
// or ctx ends.
func connect(ctx context.Context, opened ssh.NewChannel) {
	far, err := dial(ctx, opened)
	if err != nil {
		_ = opened.Reject(ssh.ConnectionFailed, err.Error()) // the stream's end says the rest
		return
	}
	defer far.Close()
	channel, requests, err := opened.Accept()
	if err != nil {
		return // the stream ended
	}
	defer channel.Close()
	stop := context.AfterFunc(ctx, func() { far.Close() })
	defer stop()
	go func() {
		ssh.DiscardRequests(requests) // until the app closes the channel: nobody reads then what the far end still says
		far.Close()
	}()
	var ways sync.WaitGroup
	ways.Go(func() {
		_, _ = io.Copy(channel, far) // each end is told to the other, whatever ended it
		_ = channel.CloseWrite()
	})
	ways.Go(func() {
		_, _ = io.Copy(far, channel)
		_ = far.CloseWrite()
	})
	ways.Wait()
}

// connection has ends that end apart.
type connection interface {
	net.Conn
	CloseWrite() error
}

func dial(ctx context.Context, opened ssh.NewChannel) (connection, error) {
	network, address, err := addressOf(opened)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialPatience}
	dialed, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the address
	}
	switch far := dialed.(type) {
	case *net.TCPConn:
		return far, nil
	case *net.UnixConn:
		return far, nil
	default: // there are no others of these networks
		dialed.Close()
		return nil, errNoAddress
	}
}

func addressOf(opened ssh.NewChannel) (network, address string, err error) {
	if opened.ChannelType() == toUnixSocket {
		var place struct {
			Path     string
			Reserved string
			Unused   uint32
		}
		if err := ssh.Unmarshal(opened.ExtraData(), &place); err != nil {
			return "", "", fmt.Errorf("read a path: %w", err)
		}
		return "unix", place.Path, nil
	}
	var place struct {
		Host     string
		Port     uint32
		FromHost string
		FromPort uint32
	}
	if err := ssh.Unmarshal(opened.ExtraData(), &place); err != nil {
		return "", "", fmt.Errorf("read an address: %w", err)
	}
	if place.Host == "" || place.Port == 0 || place.Port > 65535 {
		return "", "", errNoAddress
	}
	return "tcp", net.JoinHostPort(place.Host, strconv.FormatUint(uint64(place.Port), 10)), nil
}
