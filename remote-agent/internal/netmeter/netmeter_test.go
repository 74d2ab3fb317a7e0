package netmeter

import (
	"io"
	"net"
	"testing"
)

func TestCountsBothWays(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		accepted, err := listener.Accept()
		if err != nil {
			return
		}
		defer accepted.Close()
		_, _ = io.CopyN(io.Discard, accepted, 5)
		_, _ = accepted.Write([]byte("seven b"))
	}()
	before := Bytes()
	opened, err := Counted((&net.Dialer{}).DialContext)(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if _, err := opened.Write([]byte("fives")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(opened); err != nil {
		t.Fatal(err)
	}
	if counted := Bytes() - before; counted != 12 {
		t.Errorf("%d bytes counted, want 12", counted)
	}
}

func TestRefusedConnectionIsAnError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	if opened, err := Counted((&net.Dialer{}).DialContext)(t.Context(), "tcp", address); err == nil || opened != nil {
		t.Errorf("connected to a closed port: %v, %v", opened, err)
	}
}
