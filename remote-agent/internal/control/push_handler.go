package control

import (
	"context"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/push"
	"pyrometer.dev/remote-agent/internal/target"
)

func (h *agentHandler) SetPush(ctx context.Context, request *connect.Request[agentv1.SetPushRequest],
) (*connect.Response[agentv1.SetPushResponse], error) {
	if h.agent.Push == nil {
		return nil, h.unavailable("pushing to Pyroscope")
	}
	asked := request.Msg
	server := push.Server{
		URL: asked.GetUrl(), Tenant: asked.GetTenant(), CA: asked.GetCaPem(),
		Credentials: push.Credentials{User: asked.GetUser(), Password: asked.GetPassword(), Token: asked.GetBearerToken()},
	}
	for _, header := range asked.GetHeaders() {
		server.Headers = append(server.Headers, push.Header{Name: header.GetName(), Value: header.GetValue()})
	}
	for _, label := range asked.GetLabels() {
		server.Labels = append(server.Labels, target.Label{Name: label.GetName(), Value: label.GetValue()})
	}
	if err := h.agent.Push.Set(ctx, server, asked.GetKeepSecrets()); err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&agentv1.SetPushResponse{}), nil
}

func (h *agentHandler) RemovePush(ctx context.Context, request *connect.Request[agentv1.RemovePushRequest],
) (*connect.Response[agentv1.RemovePushResponse], error) {
	if h.agent.Push == nil {
		return nil, h.unavailable("pushing to Pyroscope")
	}
	if err := h.agent.Push.Remove(ctx, request.Msg.GetUrl(), request.Msg.GetTenant()); err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&agentv1.RemovePushResponse{}), nil
}

// PushesOf are the states of pushing in the contract's words.
func PushesOf(statuses []push.Status) []*agentv1.PushStatus {
	made := make([]*agentv1.PushStatus, len(statuses))
	for i, status := range statuses {
		made[i] = &agentv1.PushStatus{
			Url: status.URL, Tenant: status.Tenant, Authentication: status.Authentication, OwnCa: status.OwnCA, Labels: labelPairs(status.Labels),
			Error: status.Error, WindowsPushed: status.Pushed, WindowsWaiting: status.Waiting, LastSuccessAt: status.LastSuccessMs,
			WindowsTooOld: status.TooOld, WindowsRefused: status.Refused, Series: status.Series, SeriesForecast: status.SeriesForecast,
			LabelsLeftOut: status.LabelsLeftOut,
		}
	}
	return made
}
