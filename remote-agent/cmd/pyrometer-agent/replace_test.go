//go:build linux

package main

import (
	"slices"
	"testing"
	"time"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
)

func TestReplacedAgentLeavesItsUsers(t *testing.T) {
	held := &agentv1.Status{LeaseExpiresAt: 1, Leases: []*agentv1.Lease{{Holder: "other", Description: "other's"}}}
	profiling := &agentv1.Status{State: agentv1.State_STATE_PROFILING}
	kept := &agentv1.Status{State: agentv1.State_STATE_KEPT}
	for _, test := range []struct {
		name       string
		continuous bool
		replace    bool
		asked      time.Duration
		status     *agentv1.Status
		lease      time.Duration
		holder     string
	}{
		{"recording beside a recording", false, false, time.Hour, held, time.Hour, "me"},
		{"recording beside a continuous one", true, false, time.Hour, profiling, 0, "me"},
		{"recording after one that nobody renewed", false, false, time.Hour, kept, time.Hour, "me"},
		{"continuous one after a recording", false, false, 0, held, 0, "me"},
		{"restart of a continuous one", true, true, 0, profiling, 0, "me"},
		{"restart of an old one, whose record does not say that it is continuous", false, true, 0, profiling, 0, "me"},
		{"restart of another's recording", false, true, 0, held, handoverLease, "other"},
		{"restart of one that does not answer", true, true, 0, nil, 0, "me"},
	} {
		chosen := options{uids: []int{1001}, lease: test.asked, holder: "me", replace: test.replace}
		chosen.inherit(&record{UIDs: []int{1000, 1001}, Continuous: test.continuous}, &legacy{status: test.status})
		if !slices.Equal(chosen.uids, []int{1001, 1000}) || chosen.lease != test.lease || chosen.holder != test.holder {
			t.Errorf("%s: %v %v %s", test.name, chosen.uids, chosen.lease, chosen.holder)
		}
	}
}

func TestReplacedAgentLeavesWhatFlagsSaid(t *testing.T) {
	status := &agentv1.Status{SampleRateHz: 997, BurstReturnsToHz: 49, WindowSeconds: 5}
	started := options{rateHz: 97, window: time.Minute, ingestListen: "127.0.0.1:4041", debuginfod: []string{"https://d"}}
	var chosen options
	chosen.inherit(&record{Store: "/s", Log: "/l"}, &legacy{status: status, started: started})
	if chosen.rateHz != 49 || chosen.window != 5*time.Second || chosen.ingestListen != "127.0.0.1:4041" ||
		!slices.Equal(chosen.debuginfod, started.debuginfod) || chosen.store != "/s" || chosen.log != "/l" {
		t.Errorf("chosen = %+v", chosen)
	}
	// What was set without a flag is in the store, which a flag would overrule.
	var unset options
	unset.inherit(&record{}, &legacy{status: status})
	if unset.rateHz != 0 || unset.window != 0 {
		t.Errorf("unset = %+v", unset)
	}
}
