package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/lease"
)

const maxLease = 24 * time.Hour

func (h *agentHandler) RenewLease(_ context.Context, request *connect.Request[agentv1.RenewLeaseRequest],
) (*connect.Response[agentv1.RenewLeaseResponse], error) {
	if h.agent.Lease == nil {
		return nil, h.unavailable("a lease")
	}
	asked := request.Msg
	duration := time.Duration(asked.GetSeconds()) * time.Second
	if duration <= 0 || duration > maxLease {
		return nil, connect.NewError(connect.CodeInvalidArgument,
			fmt.Errorf("a lease lasts 1 to %d seconds, not %d", int(maxLease.Seconds()), asked.GetSeconds()))
	}
	if err := lease.CheckHolder(asked.GetHolder()); err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	held, err := h.agent.Lease.Hold(asked.GetHolder(), asked.GetDescription(), duration)
	switch {
	case errors.Is(err, lease.ErrTooMany):
		return nil, connect.NewError(connect.CodeResourceExhausted, err)
	case err != nil:
		return nil, connect.NewError(connect.CodeFailedPrecondition, err)
	}
	return connect.NewResponse(&agentv1.RenewLeaseResponse{ExpiresAt: held.ExpiresAt.UnixMilli()}), nil
}

func (h *agentHandler) ReleaseLease(ctx context.Context, request *connect.Request[agentv1.ReleaseLeaseRequest],
) (*connect.Response[agentv1.ReleaseLeaseResponse], error) {
	if h.agent.Lease == nil || h.agent.Stop == nil {
		return nil, h.unavailable("a lease")
	}
	if !h.agent.Lease.Release(request.Msg.GetHolder()) {
		return connect.NewResponse(&agentv1.ReleaseLeaseResponse{}), nil
	}
	if err := h.end(ctx); err != nil {
		return nil, err
	}
	return connect.NewResponse(&agentv1.ReleaseLeaseResponse{Ending: true}), nil
}

func (h *agentHandler) Stop(ctx context.Context, request *connect.Request[agentv1.StopRequest],
) (*connect.Response[agentv1.StopResponse], error) {
	if h.agent.Stop == nil {
		return nil, h.unavailable("stopping")
	}
	if h.agent.Lease != nil {
		if others := h.agent.Lease.End(request.Msg.GetHolder(), request.Msg.GetForce()); len(others) > 0 {
			return nil, conflict(others)
		}
	}
	if err := h.end(ctx); err != nil {
		return nil, err
	}
	return connect.NewResponse(&agentv1.StopResponse{}), nil
}

// end stores what is left and begins to end the agent.
func (h *agentHandler) end(ctx context.Context) error {
	// The agent ends also when its last window cannot be stored: who stops it wants it gone, and the loss is counted.
	defer h.agent.Stop.Exit()
	// Also when the caller has gone, and when the agent is told to stop once more and ends its calls: the window is stored, and
	// whoever is still there gets a true answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unaryTimeout)
	defer cancel()
	if err := h.agent.Stop.CloseWindow(ctx); err != nil {
		return connect.NewError(connect.CodeDataLoss, fmt.Errorf("the agent stops, but its last window was lost: %w", err))
	}
	return nil
}

// conflict tells who would lose their recording, in words and as a detail for the app.
func conflict(others []lease.Lease) error {
	whose := make([]string, len(others))
	for i, other := range others {
		whose[i] = fmt.Sprintf("%q", other.Description)
	}
	refusal := connect.NewError(connect.CodeFailedPrecondition, fmt.Errorf(
		"others hold the agent (%s): let them end, or force the stop", strings.Join(whose, ", ")))
	if detail, err := connect.NewErrorDetail(&agentv1.LeaseConflict{Leases: Leases(others)}); err == nil {
		refusal.AddDetail(detail)
	}
	return refusal
}

// Leases are leases in the contract's words.
func Leases(leases []lease.Lease) []*agentv1.Lease {
	told := make([]*agentv1.Lease, len(leases))
	for i, each := range leases {
		told[i] = &agentv1.Lease{
			Holder: each.Holder, Description: each.Description, ExpiresAt: each.ExpiresAt.UnixMilli(),
		}
	}
	return told
}
