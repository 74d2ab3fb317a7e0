package control

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/target"
)

func renewal(holder string, seconds uint32) *connect.Request[agentv1.RenewLeaseRequest] {
	return connect.NewRequest(&agentv1.RenewLeaseRequest{Holder: holder, Seconds: seconds, Description: "recording of " + holder})
}

func TestRecordingsEndOneByOne(t *testing.T) {
	b := newLeasedBed(t, false)
	agent := b.agent()
	for _, holder := range []string{"window", "cli"} {
		if renewed, err := agent.RenewLease(t.Context(), renewal(holder, 30)); err != nil || renewed.Msg.GetExpiresAt() == 0 {
			t.Fatalf("renew %s: %v %v", holder, renewed, err)
		}
	}
	released, err := agent.ReleaseLease(t.Context(), connect.NewRequest(&agentv1.ReleaseLeaseRequest{Holder: "cli"}))
	if err != nil || released.Msg.GetEnding() {
		t.Fatalf("release of one of two: %v %v", released, err)
	}
	select {
	case <-b.parts.exited:
		t.Fatal("the agent ended under the other recording")
	default:
	}
	released, err = agent.ReleaseLease(t.Context(), connect.NewRequest(&agentv1.ReleaseLeaseRequest{Holder: "window"}))
	if err != nil || !released.Msg.GetEnding() {
		t.Fatalf("release of the last: %v %v", released, err)
	}
	<-b.parts.exited
	if !b.parts.flushed {
		t.Error("the open window was not closed")
	}
}

func TestStopAsksWhenOthersHoldTheAgent(t *testing.T) {
	b := newBed(t)
	agent := b.agent()
	for _, holder := range []string{"mine", "other"} {
		if _, err := agent.RenewLease(t.Context(), renewal(holder, 30)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := agent.Stop(t.Context(), connect.NewRequest(&agentv1.StopRequest{Holder: "mine"}))
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || !strings.Contains(err.Error(), "recording of other") {
		t.Fatalf("stop = %v", err)
	}
	refusal, _ := err.(*connect.Error) //nolint:errorlint // connect returns it unwrapped
	if len(refusal.Details()) != 1 {
		t.Fatalf("details = %v", refusal.Details())
	}
	detail, err := refusal.Details()[0].Value()
	if err != nil {
		t.Fatal(err)
	}
	told, ok := detail.(*agentv1.LeaseConflict)
	if !ok || len(told.GetLeases()) != 1 || told.GetLeases()[0].GetHolder() != "other" || told.GetLeases()[0].GetExpiresAt() == 0 {
		t.Errorf("detail = %v", detail)
	}
	select {
	case <-b.parts.exited:
		t.Fatal("the agent ended under another recording")
	default:
	}
	if _, err := agent.Stop(t.Context(), connect.NewRequest(&agentv1.StopRequest{Force: true})); err != nil {
		t.Fatal(err)
	}
	<-b.parts.exited
	if _, err := agent.RenewLease(t.Context(), renewal("late", 30)); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("an ending agent was held: %v", err)
	}
}

func TestALeaseThatRanOutCannotBeRenewed(t *testing.T) {
	b := newLeasedBed(t, false)
	agent := b.agent()
	if _, err := agent.RenewLease(t.Context(), renewal("window", 1)); err != nil {
		t.Fatal(err)
	}
	for b.parts.leases.Phase() == lease.Wanted {
		time.Sleep(10 * time.Millisecond)
	}
	_, err := agent.RenewLease(t.Context(), renewal("window", 1))
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || !strings.Contains(err.Error(), lease.ErrKept.Error()) {
		t.Errorf("renewal = %v", err)
	}
	if released, err := agent.ReleaseLease(t.Context(), connect.NewRequest(&agentv1.ReleaseLeaseRequest{Holder: "window"})); err != nil || released.Msg.GetEnding() {
		t.Errorf("release = %v, %v", released, err)
	}
	// Whoever does not want the windows can still end it.
	if _, err := agent.Stop(t.Context(), connect.NewRequest(&agentv1.StopRequest{})); err != nil {
		t.Error(err)
	}
	<-b.parts.exited
}

// TestStopIsAnsweredTrulyWhileTheServerEnds: a signal comes, or somebody else stops the agent, while its last window is stored.
func TestStopIsAnsweredTrulyWhileTheServerEnds(t *testing.T) {
	b := newBed(t)
	begun := make(chan struct{})
	b.parts.closing = func(ctx context.Context) error {
		close(begun)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(shutdownTimeout / 4): // longer than streams are let go on
			return nil
		}
	}
	stopped := make(chan error, 1)
	go func() {
		_, err := b.agent().Stop(context.Background(), connect.NewRequest(&agentv1.StopRequest{}))
		stopped <- err
	}()
	<-begun
	b.stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	<-b.parts.exited
}

func TestLeasesAreChecked(t *testing.T) {
	agent := newBed(t).agent()
	for _, bad := range []*connect.Request[agentv1.RenewLeaseRequest]{renewal("a", 0), renewal("a", 86_401), renewal("", 30), renewal("a b", 30)} {
		if _, err := agent.RenewLease(t.Context(), bad); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%v: %v", bad.Msg, err)
		}
	}
}

func TestSettingsArePassedOn(t *testing.T) {
	b := newBed(t)
	agent := b.agent()
	if _, err := agent.SetSampling(t.Context(), connect.NewRequest(&agentv1.SetSamplingRequest{
		RateHz: 997, WindowSeconds: 5, BurstSeconds: 60,
	})); err != nil || b.parts.sampling != "997 5s 1m0s" {
		t.Errorf("sampling = %q, %v", b.parts.sampling, err)
	}
	if _, err := agent.SetSampling(t.Context(), connect.NewRequest(&agentv1.SetSamplingRequest{RateHz: 98})); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a rate that cannot be had: %v", err)
	}
	wanted := target.Naming{Labels: []target.Label{{Name: "env", Value: "prod"}}, LeadingSlash: true, RelabelConfigs: "[]"}
	if _, err := agent.SetNaming(t.Context(), connect.NewRequest(&agentv1.SetNamingRequest{Naming: NamingOf(wanted)})); err != nil ||
		!reflect.DeepEqual(b.parts.naming, wanted) {
		t.Errorf("naming = %+v, %v", b.parts.naming, err)
	}
	if _, err := agent.SetNaming(t.Context(), connect.NewRequest(&agentv1.SetNamingRequest{
		Naming: &agentv1.Naming{RelabelConfigs: "bad"},
	})); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("bad rules: %v", err)
	}
}

func TestPassingTimeIsNoChange(t *testing.T) {
	before, now := &agentv1.Status{Time: 1, Pid: 7}, &agentv1.Status{Time: 2, Pid: 7}
	if changed(before, now) || now.GetTime() != 2 {
		t.Errorf("time alone is a change, or was changed: %v", now)
	}
	if now.Message = "new"; !changed(before, now) {
		t.Error("a new message is no change")
	}
}
