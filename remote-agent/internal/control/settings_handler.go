package control

import (
	"context"
	"time"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/target"
)

func (h *agentHandler) SetSampling(ctx context.Context, request *connect.Request[agentv1.SetSamplingRequest],
) (*connect.Response[agentv1.SetSamplingResponse], error) {
	if h.agent.Sampling == nil {
		return nil, h.unavailable("choosing how often is sampled")
	}
	asked := request.Msg
	err := h.agent.Sampling.Set(ctx, int(asked.GetRateHz()), time.Duration(asked.GetWindowSeconds())*time.Second,
		time.Duration(asked.GetBurstSeconds())*time.Second)
	if err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&agentv1.SetSamplingResponse{}), nil
}

func (h *agentHandler) SetBudget(ctx context.Context, request *connect.Request[agentv1.SetBudgetRequest],
) (*connect.Response[agentv1.SetBudgetResponse], error) {
	if h.agent.Budget == nil {
		return nil, h.unavailable("choosing what the agent may cost")
	}
	if err := h.agent.Budget.Set(ctx, request.Msg.GetMachinePercent(), request.Msg.GetMemoryBytes()); err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&agentv1.SetBudgetResponse{}), nil
}

func (h *agentHandler) SetNaming(ctx context.Context, request *connect.Request[agentv1.SetNamingRequest],
) (*connect.Response[agentv1.SetNamingResponse], error) {
	if h.agent.Naming == nil {
		return nil, h.unavailable("choosing how services are called")
	}
	if err := h.agent.Naming.Set(ctx, namingOf(request.Msg.GetNaming())); err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&agentv1.SetNamingResponse{}), nil
}

func namingOf(asked *agentv1.Naming) target.Naming {
	naming := target.Naming{LeadingSlash: asked.GetLeadingSlash(), RelabelConfigs: asked.GetRelabelConfigs()}
	for _, label := range asked.GetLabels() {
		naming.Labels = append(naming.Labels, target.Label{Name: label.GetName(), Value: label.GetValue()})
	}
	return naming
}

// NamingOf is a naming in the contract's words.
func NamingOf(naming target.Naming) *agentv1.Naming {
	return &agentv1.Naming{
		Labels: labelPairs(naming.Labels), LeadingSlash: naming.LeadingSlash, RelabelConfigs: naming.RelabelConfigs,
	}
}
