package control

import (
	"strings"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/store"
)

// trustOf puts the store's judgement into the contract's words. Protocol buffers refuse what is not UTF-8, and paths may be anything.
func trustOf(t *store.Trust) *agentv1.GetTrustResponse {
	valid := func(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
	f := &t.Fates
	answer := &agentv1.GetTrustResponse{
		Fates: &agentv1.Fates{
			Fired: f.Fired, LostNewProcess: f.NewProcess, LostTailCall: f.TailCallFailed, Delivered: f.Delivered, Late: f.Late,
			LostWindowFull: f.NoRoom, Missing: f.Missing, InFlight: f.InFlight, SampledNs: f.SampledNs, SchedulerNs: f.SchedulerNs,
			EndedProcesses: f.Ended, Windows: uint32(f.Windows), UnmeasuredWindows: uint32(f.Unmeasured), //nolint:gosec // counts of windows
			UnbalancedWindows: uint32(f.Unbalanced), FirstUnbalancedWindow: f.FirstUnbalancedMs, //nolint:gosec // a count of windows
		},
		TotalNs: t.TotalNs, CutNs: t.CutNs, NativeNs: t.NativeNs, NamedNs: t.NamedNs, LinedNs: t.LinedNs,
	}
	for _, cut := range t.Cuts {
		answer.Cuts = append(answer.Cuts, &agentv1.StackCut{Reason: valid(cut.Reason), ValueNs: cut.ValueNs})
	}
	for _, file := range t.Mappings {
		answer.Files = append(answer.Files, &agentv1.FileCoverage{
			Path: valid(file.Path), BuildId: valid(file.BuildID), ValueNs: file.ValueNs, NamedNs: file.NamedNs, LinedNs: file.LinedNs,
			Mend: valid(file.Mend),
		})
	}
	for _, runtime := range t.Runtimes {
		answer.Runtimes = append(answer.Runtimes, &agentv1.Runtime{Name: runtime.Name, Version: runtime.Version})
	}
	return answer
}
