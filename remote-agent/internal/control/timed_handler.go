package control

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"pyrometer.dev/remote-agent/internal/engine"
	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/timed"
)

// timedNamingBudget is how long the end of a recording waits for names of native addresses; what is not named by then is
// "file+address".
const timedNamingBudget = 10 * time.Second

func (h *agentHandler) RecordSamples(ctx context.Context, request *connect.Request[agentv1.RecordSamplesRequest],
	stream *connect.ServerStream[agentv1.RecordSamplesResponse],
) error {
	if h.agent.Timed == nil {
		return h.unavailable("recording the time of each sample")
	}
	wants, err := store.SampleMatcher(request.Msg.GetLabelSelector())
	if err != nil {
		return asConnect(err)
	}
	recording, err := h.agent.Timed.Begin(wants, time.Duration(request.Msg.GetSeconds())*time.Second)
	if err != nil {
		return asConnect(err)
	}
	err = follow(ctx, recording, stream)
	h.agent.Timed.End(recording)
	if err != nil {
		return asConnect(err)
	}
	return asConnect(h.sendTimed(ctx, recording, stream))
}

func (h *agentHandler) EndRecording(_ context.Context, request *connect.Request[agentv1.EndRecordingRequest],
) (*connect.Response[agentv1.EndRecordingResponse], error) {
	if h.agent.Timed == nil {
		return nil, h.unavailable("recording the time of each sample")
	}
	if !h.agent.Timed.EndEarly(request.Msg.GetId()) {
		return nil, connect.NewError(connect.CodeNotFound, errors.New("that recording has ended already"))
	}
	return connect.NewResponse(&agentv1.EndRecordingResponse{}), nil
}

// follow tells how far a recording is until it is over.
func follow(ctx context.Context, recording *timed.Recording, stream *connect.ServerStream[agentv1.RecordSamplesResponse]) error {
	ticker := time.NewTicker(statusInterval)
	defer ticker.Stop()
	for {
		if err := stream.Send(timedProgress(recording)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-recording.Over():
			return nil
		case <-ticker.C:
		}
	}
}

func timedProgress(recording *timed.Recording) *agentv1.RecordSamplesResponse {
	progress := recording.Progress()
	return &agentv1.RecordSamplesResponse{
		Id: recording.ID(), Start: recording.StartMs(), Samples: progress.Samples, Dropped: progress.Dropped, Full: progress.Full,
	}
}

func (h *agentHandler) sendTimed(ctx context.Context, recording *timed.Recording, stream *connect.ServerStream[agentv1.RecordSamplesResponse]) error {
	last := timedProgress(recording)
	taken := recording.Take()
	last.End = taken.End / int64(time.Millisecond)
	if err := stream.Send(last); err != nil {
		return err
	}
	naming, cancel := context.WithTimeout(ctx, timedNamingBudget)
	defer cancel()
	names := func(mapping *engine.Mapping, address uint64) []symbol.Line {
		if h.agent.Symbols == nil || naming.Err() != nil {
			return nil
		}
		lines, err := h.agent.Symbols.Resolve(naming, mapping, address)
		if err != nil {
			return nil // not known yet, or no time left: shown by its address
		}
		return lines
	}
	return store.TimedProfile(taken, names, func(part []byte) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		return stream.Send(&agentv1.RecordSamplesResponse{Profile: part})
	})
}
