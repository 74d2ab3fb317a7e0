package control

import (
	"context"
	"strings"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/target"
)

func (h *agentHandler) SetSelection(ctx context.Context, request *connect.Request[agentv1.SetSelectionRequest],
) (*connect.Response[agentv1.SetSelectionResponse], error) {
	if h.agent.Select == nil {
		return nil, h.unavailable("choosing what is profiled")
	}
	choice := target.Choice{ContainerIDs: request.Msg.GetContainerIds(), PIDs: request.Msg.GetPids(), Services: request.Msg.GetServices()}
	if err := h.agent.Select.Select(ctx, choice); err != nil {
		return nil, asConnect(err)
	}
	return connect.NewResponse(&agentv1.SetSelectionResponse{}), nil
}

func (h *agentHandler) ListProcesses(_ context.Context, request *connect.Request[agentv1.ListProcessesRequest],
) (*connect.Response[agentv1.ListProcessesResponse], error) {
	if h.agent.Survey == nil || h.agent.Select == nil {
		return nil, h.unavailable("looking at what runs")
	}
	var proposed *target.Naming
	if asked := request.Msg.GetProposed(); asked != nil {
		naming := namingOf(asked)
		proposed = &naming
	}
	found, flaw, err := h.agent.Survey.Survey(proposed)
	if err != nil {
		return nil, asConnect(err)
	}
	chosen := h.agent.Select.Selected()
	answer := &agentv1.ListProcessesResponse{Processes: make([]*agentv1.Process, len(found))}
	for i := range found {
		answer.Processes[i] = processOf(&found[i], chosen)
	}
	if flaw != nil {
		answer.NamingError = &agentv1.NamingError{
			Message: flaw.Message, Rule: uint32(flaw.Rule), Line: uint32(flaw.Line), //nolint:gosec // of a text of bounded length
		}
	}
	return connect.NewResponse(answer), nil
}

// processOf is a process in the contract's words, while something is chosen.
func processOf(seen *target.Seen, choice target.Choice) *agentv1.Process {
	chosen := choice.Has(seen.PID, seen.ContainerIDs, seen.Identity.Service())
	process := &agentv1.Process{
		Pid: seen.PID, Executable: cleanText(seen.Executable), Comm: cleanText(seen.Comm), ContainerId: seen.Container.ID, Container: cleanText(seen.Container.Name),
		Labels: labelPairs(seen.Identity.Labels), Dropped: seen.Identity.Dropped, Profiled: chosen && !seen.Identity.Dropped,
		ProposedLabels: labelPairs(seen.Proposed.Labels), ProposedDropped: seen.Proposed.Dropped,
	}
	if process.ContainerId == "" && len(seen.ContainerIDs) > 0 {
		process.ContainerId = seen.ContainerIDs[0]
	}
	return process
}

// cleanText may stand in a protobuf string.
func cleanText(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// SelectionOf is what a selector was told, in the contract's words.
func SelectionOf(selector Selector) *agentv1.Selection {
	chosen := selector.Selected()
	return &agentv1.Selection{ContainerIds: chosen.ContainerIDs, Pids: chosen.PIDs, Services: chosen.Services}
}
