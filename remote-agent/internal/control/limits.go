package control

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits of the push socket, which everybody on the machine may write to: what strangers send must not cost the agent its
// memory or descriptors. A push holds up to twice maxPushBytes while it is taken in.
const (
	maxPushConnections    = 128
	maxMetricsConnections = 16
	maxPushesAtOnce       = 4
	// pushReadTimeout is how long one push may take to arrive.
	pushReadTimeout = 30 * time.Second
)

// atOnce lets a number of requests in, before their bodies are read; the others wait.
func atOnce(limit int, next http.Handler) http.Handler {
	places := make(chan struct{}, limit)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case places <- struct{}{}:
		case <-r.Context().Done():
			http.Error(w, "too many pushes at once: try again", http.StatusServiceUnavailable)
			return
		}
		defer func() { <-places }()
		next.ServeHTTP(w, r)
	})
}

// fewListener accepts no more than a number of connections at a time; the others wait in the socket's queue.
type fewListener struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	close  func()
}

func newFewListener(listener net.Listener, limit int) *fewListener {
	closed := make(chan struct{})
	return &fewListener{
		Listener: listener, places: make(chan struct{}, limit), closed: closed,
		close: sync.OnceFunc(func() { close(closed) }),
	}
}

// Accept waits for a place, then for a connection.
func (l *fewListener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	connection, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &placedConnection{Conn: connection, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// Close stops listening.
func (l *fewListener) Close() error {
	l.close()
	return l.Listener.Close()
}

type placedConnection struct {
	net.Conn
	leave func()
}

// Close closes the connection and gives its place to the next.
func (c *placedConnection) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
