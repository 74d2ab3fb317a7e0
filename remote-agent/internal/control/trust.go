package control

import (
	"context"
	"strings"
	"time"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/symbol"
)

const (
	// maxPackages is for how many files a package is looked up, those with the most unnamed frames first.
	maxPackages = 10
	// packagePatience bounds that: reading file lists takes a tenth of a second, of a busy disk more. Who asks again gets what
	// was found meanwhile.
	packagePatience = 3 * time.Second
)

// trustOf puts the store's judgement into the contract's words. Protocol buffers refuse what is not UTF-8, and paths may be anything.
func trustOf(ctx context.Context, t *store.Trust, packages Packages) *agentv1.GetTrustResponse {
	valid := func(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
	f := &t.Fates
	answer := &agentv1.GetTrustResponse{
		Fates: &agentv1.Fates{
			Fired: f.Fired, LostNewProcess: f.NewProcess, LostTailCall: f.TailCallFailed, Delivered: f.Delivered, Late: f.Late,
			LostWindowFull: f.NoRoom, Missing: f.Missing, InFlight: f.InFlight, SampledNs: f.SampledNs, SchedulerNs: f.SchedulerNs,
			EndedProcesses: f.Ended, Windows: uint32(f.Windows), UnmeasuredWindows: uint32(f.Unmeasured), //nolint:gosec // counts of windows
			UnbalancedWindows: uint32(f.Unbalanced), FirstUnbalancedWindow: f.FirstUnbalancedMs, //nolint:gosec // a count of windows
		},
		TotalNs: t.TotalNs, CutNs: t.CutNs, NativeNs: t.NativeNs, LinedNs: t.LinedNs,
		FrameNs: t.FrameNs, NamedFrameNs: t.NamedFrameNs,
	}
	for _, cut := range t.Cuts {
		answer.Cuts = append(answer.Cuts, &agentv1.StackCut{Reason: valid(cut.Reason), ValueNs: cut.ValueNs})
	}
	ctx, cancel := context.WithTimeout(ctx, packagePatience)
	defer cancel()
	asked := 0
	for i := range t.Mappings {
		file := &t.Mappings[i]
		var owner symbol.Owner
		if packages != nil && asked < maxPackages && file.Lacks() {
			asked++
			owner = packages.OwnerOf(ctx, &file.Mapping)
		}
		answer.Files = append(answer.Files, &agentv1.FileCoverage{
			Path: valid(file.Mapping.Path), BuildId: valid(file.Mapping.BuildID), ValueNs: file.ValueNs, LinedNs: file.LinedNs,
			FrameNs: file.FrameNs, NamedFrameNs: file.NamedFrameNs, Mend: valid(file.Mend(owner)),
		})
	}
	for _, runtime := range t.Runtimes {
		answer.Runtimes = append(answer.Runtimes, &agentv1.Runtime{Name: runtime.Name, Version: runtime.Version})
	}
	return answer
}
