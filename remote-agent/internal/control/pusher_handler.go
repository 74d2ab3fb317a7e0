package control

import (
	"context"

	"connectrpc.com/connect"

	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	"pyrometer.dev/remote-agent/internal/gen/push/v1/pushv1connect"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
)

// pusherHandler takes what SDKs on this machine push. Its socket answers nothing else.
type pusherHandler struct{ store *store.Store }

var _ pushv1connect.PusherServiceHandler = (*pusherHandler)(nil)

func (h *pusherHandler) Push(ctx context.Context, request *connect.Request[pushv1.PushRequest],
) (*connect.Response[pushv1.PushResponse], error) {
	for _, series := range request.Msg.GetSeries() {
		labels := make([]target.Label, 0, len(series.GetLabels()))
		for _, pair := range series.GetLabels() {
			labels = append(labels, target.Label{Name: pair.GetName(), Value: pair.GetValue()})
		}
		for _, sample := range series.GetSamples() {
			if err := h.store.AppendPushed(ctx, labels, sample.GetRawProfile()); err != nil {
				return nil, asConnect(err)
			}
		}
	}
	return connect.NewResponse(&pushv1.PushResponse{}), nil
}
