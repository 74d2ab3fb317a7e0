package control

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/gen/agent/v1/agentv1connect"
)

type pipes struct {
	io.Reader
	io.WriteCloser
	net.Conn
}

func (p pipes) Read(b []byte) (int, error) { return p.Reader.Read(b) }

func (p pipes) Write(b []byte) (int, error) { return p.WriteCloser.Write(b) }

func (p pipes) Close() error { return p.WriteCloser.Close() }

func (pipes) LocalAddr() net.Addr { return &net.UnixAddr{} }

func (pipes) RemoteAddr() net.Addr { return &net.UnixAddr{} }

func (pipes) SetDeadline(time.Time) error { return nil }

func (pipes) SetReadDeadline(time.Time) error { return nil }

func (pipes) SetWriteDeadline(time.Time) error { return nil }

func TestBridgeCarriesManyStreamsOverOnePipe(t *testing.T) {
	b := newBed(t)
	for i := range 40 {
		if err := b.store.Append(t.Context(), someInterval(time.UnixMilli(baseMs+int64(i)*15_000)), nil); err != nil {
			t.Fatal(err)
		}
	}
	stdinReader, stdinWriter := io.Pipe()
	stdoutReader, stdoutWriter := io.Pipe()
	bridged := make(chan error, 1)
	go func() { bridged <- Bridge(t.Context(), b.socket(), stdinReader, stdoutWriter) }()
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	dialed := 0
	transport := &http.Transport{Protocols: protocols, DialContext: func(context.Context, string, string) (net.Conn, error) {
		dialed++
		return pipes{Reader: stdoutReader, WriteCloser: stdinWriter}, nil
	}}
	client := &http.Client{Transport: transport}
	agent := agentv1connect.NewAgentServiceClient(client, "http://agent")
	watching, err := agent.WatchStatus(t.Context(), connect.NewRequest(&agentv1.WatchStatusRequest{}))
	if err != nil || !watching.Receive() {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for i := range 20 {
		calls.Go(func() {
			stream, err := agent.SelectWindows(t.Context(), connect.NewRequest(&agentv1.SelectWindowsRequest{
				ProfileTypeID: cpuType, LabelSelector: "{}", Start: baseMs, End: baseMs + 40*15_000,
			}))
			if err != nil {
				t.Error(i, err)
				return
			}
			windows := 0
			for stream.Receive() {
				windows += len(stream.Msg().GetPart().GetWindows())
			}
			if err := errors.Join(stream.Err(), stream.Close()); err != nil || windows != 40 {
				t.Errorf("call %d: %d windows, %v", i, windows, err)
			}
		})
	}
	calls.Wait()
	if dialed != 1 {
		t.Errorf("%d connections", dialed)
	}
	if err := watching.Close(); err != nil {
		t.Error(err)
	}
	transport.CloseIdleConnections()
	if err := stdinWriter.Close(); err != nil {
		t.Error(err)
	}
	if err := <-bridged; err != nil {
		t.Errorf("the bridge ended with %v", err)
	}
}

func TestBridgeSaysWhenNoAgentRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), SocketName(os.Getuid()))
	err := Bridge(t.Context(), path, strings.NewReader(""), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no agent runs behind") {
		t.Fatal(err)
	}
}
