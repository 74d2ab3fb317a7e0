package control

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Limits of the push socket, which everybody on the machine may write to: what strangers send must not cost the agent its
// memory or descriptors. A push holds up to twice maxPushBytes while it is taken in.
const (
	maxPushConnections    = 128
	maxMetricsConnections = 16
	maxPushesAtOnce       = 4
	// pushReadTimeout is how long one push may take to arrive, longBodyTimeout what is left of one that is longer than shortBodyBytes.
	pushReadTimeout = 30 * time.Second
	longBodyTimeout = 10 * time.Second
	shortBodyBytes  = 64 << 10
	// writeTimeout is how long an answer may take, from the end of the request's headers on.
	writeTimeout = 2 * time.Minute
	// tcpIdleTimeout is how long a connection may do nothing that anybody on the machine may open.
	tcpIdleTimeout = 2 * time.Minute
	// crowdedAfter is how long a new connection waits before an idle one has to leave.
	crowdedAfter = 250 * time.Millisecond
)

// atOnce lets a number of requests in; the others wait. Short bodies are read before, so that who sends slowly keeps nobody else
// from pushing them; as many long ones are let in before they are read.
func atOnce(limit int, next http.Handler) http.Handler {
	short, long := make(chan struct{}, limit), make(chan struct{}, limit)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		places := long
		if r.ContentLength <= shortBodyBytes {
			begin, err := io.ReadAll(io.LimitReader(r.Body, shortBodyBytes+1))
			if err != nil {
				http.Error(w, "the push did not arrive in time", http.StatusRequestTimeout)
				return
			}
			if len(begin) <= shortBodyBytes {
				places = short
			}
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(bytes.NewReader(begin), r.Body), r.Body}
		}
		select {
		case places <- struct{}{}:
		case <-r.Context().Done():
			http.Error(w, "too many pushes at once: try again", http.StatusServiceUnavailable)
			return
		}
		defer func() { <-places }()
		if places == long {
			// An error: the recorder of a test, which has no deadlines.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(longBodyTimeout))
		}
		next.ServeHTTP(w, r)
	})
}

// fewListener accepts no more than a number of connections at a time; the others wait in the socket's queue. When it is crowded,
// those that do nothing leave.
type fewListener struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	close  func()

	mutex sync.Mutex
	idle  []*placedConnection // the longest first
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
	for !l.enter() {
		select {
		case <-l.closed:
			return nil, net.ErrClosed
		default:
			l.dismissIdle()
		}
	}
	connection, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &placedConnection{Conn: connection, from: l, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// enter waits for a place, for a while.
func (l *fewListener) enter() bool {
	patience := time.NewTimer(crowdedAfter)
	defer patience.Stop()
	select {
	case l.places <- struct{}{}:
		return true
	case <-l.closed:
	case <-patience.C:
	}
	return false
}

// dismissIdle closes the connection that has done nothing for the longest time.
func (l *fewListener) dismissIdle() {
	l.mutex.Lock()
	var longest *placedConnection
	if len(l.idle) > 0 {
		longest, l.idle = l.idle[0], l.idle[1:]
	}
	l.mutex.Unlock()
	if longest != nil {
		_ = longest.Close() // Its server notices.
	}
}

// noteState is for http.Server.ConnState.
func noteState(connection net.Conn, state http.ConnState) {
	placed, ok := connection.(*placedConnection)
	if !ok {
		return
	}
	l := placed.from
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.idle = slices.DeleteFunc(l.idle, func(other *placedConnection) bool { return other == placed })
	if state == http.StateNew || state == http.StateIdle {
		l.idle = append(l.idle, placed)
	}
}

// Close stops listening.
func (l *fewListener) Close() error {
	l.close()
	return l.Listener.Close()
}

type placedConnection struct {
	net.Conn
	from  *fewListener
	leave func()
}

// Close closes the connection and gives its place to the next.
func (c *placedConnection) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
