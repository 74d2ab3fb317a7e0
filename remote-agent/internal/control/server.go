package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"connectrpc.com/connect"

	"pyrometer.dev/remote-agent/internal/gen/agent/v1/agentv1connect"
	"pyrometer.dev/remote-agent/internal/gen/push/v1/pushv1connect"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
)

const (
	// Requests of the control socket are small; those of the push socket hold profiles.
	maxRequestBytes = 64 << 10
	maxPushBytes    = 16 << 20
	// maxStreams is how many calls one connection may have open: the bridge carries all calls of an app over one.
	maxStreams = 100
	// unaryTimeout ends a question whose answer nobody can be waiting for any more.
	unaryTimeout = 2 * time.Minute
	// shutdownTimeout is how long calls that run are waited for.
	shutdownTimeout = 5 * time.Second
)

// errStopping is why calls end that would go on.
var errStopping = errors.New("the agent is stopping")

// Server answers on listeners that were made before, when the process still had the rights to make them.
type Server struct {
	control *http.Server
	push    *http.Server
	metrics *http.Server
	logger  *slog.Logger
	// streams ends when the server stops, so that watchers do not hold it up.
	streams context.Context //nolint:containedctx // lives as long as the server
	end     context.CancelCauseFunc
}

// NewServer makes a server of an agent; Serve runs it.
func NewServer(agent Agent, logger *slog.Logger) *Server {
	s := &Server{logger: logger}
	s.streams, s.end = context.WithCancelCause(context.Background())
	recovered := connect.WithRecover(s.recovered)
	options := []connect.HandlerOption{
		connect.WithReadMaxBytes(maxRequestBytes), connect.WithCompressMinBytes(1024), connect.WithInterceptors(deadlines{}), recovered,
	}
	control := http.NewServeMux()
	control.Handle(agentv1connect.NewAgentServiceHandler(&agentHandler{agent: agent}, options...))
	control.Handle(querierv1connect.NewQuerierServiceHandler(&querierHandler{store: agent.Store}, options...))
	pushed := http.NewServeMux()
	pushed.Handle(pushv1connect.NewPusherServiceHandler(&pusherHandler{store: agent.Store},
		connect.WithReadMaxBytes(maxPushBytes), connect.WithInterceptors(deadlines{}), recovered))
	ingest := &ingestHandler{store: agent.Store, logger: logger, now: time.Now}
	pushed.Handle("POST /ingest", ingest)
	pushed.Handle("POST /pyroscope/ingest", ingest)
	s.control, s.push = s.httpServer(admit(control)), s.httpServer(notFromPages(atOnce(maxPushesAtOnce, pushed)))
	told := http.NewServeMux()
	told.Handle("GET /metrics", &metricsHandler{status: agent.Status, store: agent.Store})
	s.metrics = s.httpServer(notFromPages(told))
	for _, open := range []*http.Server{s.push, s.metrics} { // to everybody on the machine
		open.ReadTimeout, open.WriteTimeout, open.IdleTimeout, open.ConnState = pushReadTimeout, writeTimeout, tcpIdleTimeout, noteState
		open.Protocols = &http.Protocols{}
		open.Protocols.SetHTTP1(true)
	}
	return s
}

// recovered answers for a call that panicked: a bug of ours must cost that call and not the agent.
func (s *Server) recovered(ctx context.Context, spec connect.Spec, _ http.Header, reason any) error {
	s.logger.ErrorContext(ctx, "a call panicked", slog.String("call", spec.Procedure), slog.Any("reason", reason),
		slog.String("stack", string(debug.Stack())))
	return connect.NewError(connect.CodeInternal, errors.New("the agent has a bug here; its log has the details"))
}

// httpServer speaks HTTP/1.1 and, for the bridge, HTTP/2 without TLS on one socket.
func (s *Server) httpServer(handler http.Handler) *http.Server {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: time.Minute, PingTimeout: time.Minute},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       10 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return s.streams },
		ConnContext:       withPeer,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
}

// Listeners are what a server answers on.
type Listeners struct {
	// Control sockets are told and asked everything, Push is written to, and Metrics are read.
	Control, Push, Metrics []net.Listener
}

// Serve answers until the context ends, then lets the calls that run finish and closes the listeners.
func (s *Server) Serve(ctx context.Context, on Listeners) error {
	var running sync.WaitGroup
	failures := make(chan error, len(on.Control)+len(on.Push)+len(on.Metrics))
	serve := func(server *http.Server, listener net.Listener) {
		running.Go(func() {
			if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
				failures <- fmt.Errorf("serve %s: %w", listener.Addr(), err)
			}
		})
	}
	for _, listener := range on.Control {
		serve(s.control, listener)
	}
	for _, listener := range on.Push {
		serve(s.push, newFewListener(listener, maxPushConnections))
	}
	for _, listener := range on.Metrics {
		serve(s.metrics, newFewListener(listener, maxMetricsConnections))
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-failures:
	}
	failure = errors.Join(failure, s.shutdown(context.WithoutCancel(ctx)))
	running.Wait()
	return failure
}

func (s *Server) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	// Streams never end by themselves. Their callers see "unavailable", and know that the agent went on purpose.
	stop := time.AfterFunc(shutdownTimeout/10, func() { s.end(errStopping) })
	defer stop.Stop()
	defer s.end(errStopping)
	var failures []error
	for _, server := range []*http.Server{s.push, s.metrics, s.control} {
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("stop serving: %w", err))
		}
	}
	return errors.Join(failures...)
}

// deadlines gives each call that is answered once a time to be answered in.
type deadlines struct{}

var _ connect.Interceptor = deadlines{}

func (deadlines) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		ctx, cancel := context.WithTimeout(ctx, unaryTimeout)
		defer cancel()
		return next(ctx, request)
	}
}

func (deadlines) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (deadlines) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}
