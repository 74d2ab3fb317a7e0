package control

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/gen/agent/v1/agentv1connect"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/window"
)

// statusInterval is the shortest time between two statuses of one watcher, but for the ones that windows cause.
const statusInterval = time.Second

type agentHandler struct{ agent Agent }

var _ agentv1connect.AgentServiceHandler = (*agentHandler)(nil)

func (h *agentHandler) unavailable(call string) error {
	why := h.agent.Unavailable
	if why == "" {
		why = "this agent was started without it"
	}
	return connect.NewError(connect.CodeUnimplemented, fmt.Errorf("%s is not available: %s", call, why))
}

func (h *agentHandler) GetStatus(ctx context.Context, _ *connect.Request[agentv1.GetStatusRequest],
) (*connect.Response[agentv1.GetStatusResponse], error) {
	return connect.NewResponse(&agentv1.GetStatusResponse{Status: h.agent.Status.Status(ctx)}), nil
}

func (h *agentHandler) WatchStatus(ctx context.Context, _ *connect.Request[agentv1.WatchStatusRequest],
	stream *connect.ServerStream[agentv1.WatchStatusResponse],
) error {
	var closed <-chan struct{}
	if h.agent.Windows != nil {
		var stop func()
		closed, stop = h.agent.Windows.Watch()
		defer stop()
	}
	ticker := time.NewTicker(statusInterval)
	defer ticker.Stop()
	var sent *agentv1.Status
	for {
		if status := h.agent.Status.Status(ctx); sent == nil || changed(sent, status) {
			if err := stream.Send(&agentv1.WatchStatusResponse{Status: status}); err != nil {
				return err
			}
			sent = status
		}
		select {
		case <-ctx.Done():
			return asConnect(context.Cause(ctx))
		case <-ticker.C:
		case <-closed:
		}
	}
}

// changed says whether a watcher is to hear of a status: the passing of time is no news.
func changed(before, now *agentv1.Status) bool {
	at := now.GetTime()
	defer func() { now.Time = at }()
	now.Time = before.GetTime()
	return !proto.Equal(before, now)
}

func (h *agentHandler) ListServices(ctx context.Context, request *connect.Request[agentv1.ListServicesRequest],
) (*connect.Response[agentv1.ListServicesResponse], error) {
	services, err := h.agent.Store.Services(ctx, store.Range{StartMs: request.Msg.GetStart(), EndMs: request.Msg.GetEnd()})
	if err != nil {
		return nil, asConnect(err)
	}
	answer := &agentv1.ListServicesResponse{Services: make([]*agentv1.Service, len(services))}
	for i, service := range services {
		answer.Services[i] = &agentv1.Service{
			Labels: labelPairs(service.Labels), CpuCores: service.Cores, LastSeen: service.LastSeenMs,
			ProcessCount: uint32(service.Processes), //nolint:gosec // a count of processes
		}
	}
	return connect.NewResponse(answer), nil
}

func (h *agentHandler) GetTrust(ctx context.Context, request *connect.Request[agentv1.GetTrustRequest],
) (*connect.Response[agentv1.GetTrustResponse], error) {
	trust, err := h.agent.Store.Trust(ctx, store.Selection{
		ProfileType: window.CPU.String(), Selector: request.Msg.GetLabelSelector(),
		StartMs: request.Msg.GetStart(), EndMs: request.Msg.GetEnd(),
	})
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(trustOf(ctx, trust, h.agent.Packages)), nil
}

func (h *agentHandler) ListContainerStarts(ctx context.Context, request *connect.Request[agentv1.ListContainerStartsRequest],
) (*connect.Response[agentv1.ListContainerStartsResponse], error) {
	within := store.Range{StartMs: request.Msg.GetStart(), EndMs: request.Msg.GetEnd()}
	starts, knownFrom, err := h.agent.Store.ContainerStarts(ctx, request.Msg.GetLabelSelector(), within)
	if err != nil {
		return nil, asConnect(err)
	}
	answer := &agentv1.ListContainerStartsResponse{KnownFrom: knownFrom, Starts: make([]*agentv1.ContainerStart, len(starts))}
	for i := range starts {
		answer.Starts[i] = &agentv1.ContainerStart{
			ContainerId: starts[i].ContainerID, At: starts[i].AtMs, Again: starts[i].Again, Labels: labelPairs(starts[i].Labels),
		}
	}
	return connect.NewResponse(answer), nil
}

func (h *agentHandler) SelectWindows(ctx context.Context, request *connect.Request[agentv1.SelectWindowsRequest],
	stream *connect.ServerStream[agentv1.SelectWindowsResponse],
) error {
	selection := store.Selection{
		ProfileType: request.Msg.GetProfileTypeID(), Selector: request.Msg.GetLabelSelector(),
		StartMs: request.Msg.GetStart(), EndMs: request.Msg.GetEnd(),
	}
	profile, err := h.agent.Store.Windows(ctx, selection, func(window *store.WindowCounts) error {
		return stream.Send(&agentv1.SelectWindowsResponse{Part: &agentv1.WindowSet{Windows: []*agentv1.WindowCounts{{
			Start: window.StartMs, End: window.EndMs, Stack: window.Stacks, Value: window.Values, Period: window.Period,
		}}}})
	})
	if err != nil {
		return asConnect(err)
	}
	encoded, err := proto.Marshal(profile)
	if err != nil {
		return fmt.Errorf("encode profile: %w", err)
	}
	return asConnect(stream.Send(&agentv1.SelectWindowsResponse{Part: &agentv1.WindowSet{Profile: encoded}}))
}
