package keeper

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	// maxHeaderBytes is more than any request of the agent's client.
	maxHeaderBytes = 8 << 10
	headerTimeout  = 5 * time.Second
	// idleTimeout is how long a connection may ask nothing.
	idleTimeout = 2 * time.Minute
	// engineTimeout is how long an engine may take to begin an answer, readTimeout how long the agent may read none of it: an engine
	// waits a moment for each listener to its events that does not read.
	engineTimeout = 30 * time.Second
	readTimeout   = 30 * time.Second
)

// route is something that may be asked of an engine.
type route struct {
	path *regexp.Regexp
	// query is what the engine is asked with, whatever the agent said.
	query string
	// since: the agent may say from when on, too.
	since bool
}

// moment is a time in seconds since 1970, as it may be said.
var moment = regexp.MustCompile(`^[0-9]{1,12}\.[0-9]{9}$`)

// routes are all that passes, by GET: which containers there are, which image one is of, and what becomes of them. An id is
// in hex digits, so that a path can have no other parts than these.
var routes = []route{
	{path: regexp.MustCompile(`^/_ping$`)},
	{path: regexp.MustCompile(`^/v1\.[0-9]{1,3}/containers/json$`), query: "all=1"},
	{path: regexp.MustCompile(`^/v1\.[0-9]{1,3}/containers/[0-9a-f]{64}/json$`)},
	{path: regexp.MustCompile(`^/v1\.[0-9]{1,3}/images/(sha256:)?[0-9a-f]{64}/json$`)},
	{
		path:  regexp.MustCompile(`^/v1\.[0-9]{1,3}/events$`),
		query: "filters=" + url.QueryEscape(`{"type":{"container":true}}`),
		since: true,
	},
}

// passedHeaders are what the agent's client needs of an answer.
var passedHeaders = []string{"Content-Type", "Api-Version", "Ostype"}

// gate lets the routes through to the engine that listens on a Unix socket. It makes its own requests: of what the agent
// sent, only a path that it knows gets there, and the time from when on events are wanted, with no headers, other query or body.
type gate struct {
	engine *http.Client
	// patience is readTimeout.
	patience time.Duration
}

func newGate(socket string) *gate {
	return &gate{patience: readTimeout, engine: &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "unix", socket)
			},
			DisableKeepAlives:     true,
			ResponseHeaderTimeout: engineTimeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		refuse(w, http.StatusMethodNotAllowed, "the agent may only read")
		return
	}
	if r.ContentLength != 0 {
		refuse(w, http.StatusBadRequest, "the agent may send no body")
		return
	}
	// As it was sent: nothing is decoded between the look and the use.
	path, asked, _ := strings.Cut(r.RequestURI, "?")
	for _, each := range routes {
		if each.path.MatchString(path) {
			g.pass(w, r, path, each.asked(asked))
			return
		}
	}
	refuse(w, http.StatusForbidden, "the agent may not ask for this")
}

// asked is the query that the engine is asked with, where the agent's own is another.
func (r route) asked(own string) string {
	if !r.since {
		return r.query
	}
	for pair := range strings.SplitSeq(own, "&") {
		if since, is := strings.CutPrefix(pair, "since="); is && moment.MatchString(since) {
			return "since=" + since + "&" + r.query
		}
	}
	return r.query
}

func (g *gate) pass(w http.ResponseWriter, r *http.Request, path, query string) {
	address := "http://engine" + path
	if query != "" {
		address += "?" + query
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		refuse(w, http.StatusBadRequest, "the path cannot be read")
		return
	}
	response, err := g.engine.Do(request)
	if err != nil {
		refuse(w, http.StatusBadGateway, "the engine does not answer")
		return
	}
	defer response.Body.Close()
	for _, name := range passedHeaders {
		if value := response.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(response.StatusCode)
	// The beginning and each event at once. What breaks off, breaks off for the agent, which connects again.
	controller := http.NewResponseController(w)
	if controller.Flush() == nil {
		_, _ = io.Copy(flushing{w, controller, g.patience}, response.Body)
	}
}

// refuse answers as Docker does when it refuses.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	text, err := json.Marshal(map[string]string{"message": message})
	if err == nil {
		fmt.Fprintf(w, "%s\n", text)
	}
}

// flushing passes on what is written to it without delay.
type flushing struct {
	to         io.Writer
	controller *http.ResponseController
	patience   time.Duration
}

func (f flushing) Write(data []byte) (int, error) {
	if err := f.controller.SetWriteDeadline(time.Now().Add(f.patience)); err != nil {
		return 0, err
	}
	written, err := f.to.Write(data)
	if err == nil {
		err = f.controller.Flush()
	}
	return written, err
}

// serveGate answers on one connection until it closes.
func serveGate(connection net.Conn, handler http.Handler) {
	closed := make(chan struct{})
	server := http.Server{
		Handler: handler, MaxHeaderBytes: maxHeaderBytes, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed || state == http.StateHijacked {
				close(closed)
			}
		},
		DisableGeneralOptionsHandler: true,
	}
	// Ends with the connection.
	_ = server.Serve(&single{connection: connection, closed: closed})
}

// single is a listener that has one connection to give.
type single struct {
	connection net.Conn
	closed     <-chan struct{}
	given      bool
}

// Accept implements net.Listener.
func (s *single) Accept() (net.Conn, error) {
	if s.given {
		<-s.closed
		return nil, net.ErrClosed
	}
	s.given = true
	return s.connection, nil
}

// Close implements net.Listener.
func (s *single) Close() error { return nil }

// Addr implements net.Listener.
func (s *single) Addr() net.Addr { return s.connection.LocalAddr() }
