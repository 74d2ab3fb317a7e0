package control

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"

	"pyrometer.dev/remote-agent/internal/flamegraph"
	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	"pyrometer.dev/remote-agent/internal/store"
)

// drawn is a flame graph's nodes by level, from left to right; sides is 1, or 2 of a difference.
func drawn(names []string, levels []*querierv1.Level, sides int) [][]string {
	var rows [][]string
	for _, level := range levels {
		var row []string
		for node := range slices.Chunk(level.GetValues(), 3*sides+1) {
			row = append(row, fmt.Sprint(names[node[3*sides]], node[:3*sides]))
		}
		rows = append(rows, row)
	}
	return rows
}

// TestRealPyroscopeDrawsTheSame pushes the same requests to a real Pyroscope and to a store, and compares the flame graphs that
// both make of them, whole and cut, and their differences.
func TestRealPyroscopeDrawsTheSame(t *testing.T) {
	real := os.Getenv("PYROMETER_TEST_PYROSCOPE")
	if real == "" {
		t.Skip("PYROMETER_TEST_PYROSCOPE is not set: no Pyroscope to test against")
	}
	address, kept := ingestBed(t)
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	start, end := at.Add(-time.Minute).UnixMilli(), at.Add(time.Minute).UnixMilli()
	queries := querierv1connect.NewQuerierServiceClient(http.DefaultClient, real)
	asked := func(profileType, service string, maxNodes int64) *querierv1.SelectMergeStacktracesRequest {
		return &querierv1.SelectMergeStacktracesRequest{
			ProfileTypeID: profileType, LabelSelector: fmt.Sprintf(`{service_name=%q}`, service), Start: start, End: end, MaxNodes: &maxNodes,
		}
	}
	mine := func(message *querierv1.SelectMergeStacktracesRequest) *googlev1.Profile {
		t.Helper()
		merged, err := kept.MergeProfile(t.Context(), store.Selection{
			ProfileType: message.GetProfileTypeID(), Selector: message.GetLabelSelector(), StartMs: start, EndMs: end,
		})
		if err != nil {
			t.Fatal(err)
		}
		return merged
	}
	same := func(what string, theirs, ours [][]string) {
		t.Helper()
		if len(theirs) < 2 || !slices.EqualFunc(theirs, ours, slices.Equal) {
			t.Errorf("%s:\nPyroscope %v\nwe        %v", what, theirs, ours)
		}
	}
	var before *querierv1.SelectMergeStacktracesRequest
	for name, test := range ingestions(t, fmt.Sprintf("drawn_%d_", time.Now().UnixNano()), at) {
		if ours, _ := test.send(t, address); ours != http.StatusOK {
			t.Fatalf("%s: we %d", name, ours)
		}
		if theirs, said := test.send(t, real); theirs != http.StatusOK {
			t.Fatalf("%s: Pyroscope %d %s", name, theirs, said)
		}
		for _, maxNodes := range []int64{1, 2, 3, 16384} {
			message := asked(test.profileType, test.service, maxNodes)
			answer, err := queries.SelectMergeStacktraces(t.Context(), connect.NewRequest(message))
			if err != nil {
				t.Fatal(err)
			}
			theirs := answer.Msg.GetFlamegraph()
			ours, err := flamegraph.Of(mine(message), int(maxNodes))
			if err != nil {
				t.Fatal(err)
			}
			same(fmt.Sprint(name, " ", maxNodes), drawn(theirs.GetNames(), theirs.GetLevels(), 1), drawn(ours.GetNames(), ours.GetLevels(), 1))
			if theirs.GetTotal() != ours.GetTotal() || theirs.GetMaxSelf() != ours.GetMaxSelf() {
				t.Errorf("%s: total %d and %d, largest self %d and %d", name, theirs.GetTotal(), ours.GetTotal(), theirs.GetMaxSelf(), ours.GetMaxSelf())
			}
		}
		after := asked(test.profileType, test.service, 16384)
		if before != nil && before.GetProfileTypeID() == after.GetProfileTypeID() {
			answer, err := queries.Diff(t.Context(), connect.NewRequest(&querierv1.DiffRequest{Left: before, Right: after}))
			if err != nil {
				t.Fatal(err)
			}
			theirs := answer.Msg.GetFlamegraph()
			ours, err := flamegraph.Difference(mine(before), mine(after), 16384)
			if err != nil {
				t.Fatal(err)
			}
			same(name+" against the one before", drawn(theirs.GetNames(), theirs.GetLevels(), 2), drawn(ours.GetNames(), ours.GetLevels(), 2))
			if theirs.GetLeftTicks() != ours.GetLeftTicks() || theirs.GetRightTicks() != ours.GetRightTicks() || theirs.GetTotal() != ours.GetTotal() {
				t.Errorf("%s: ticks %v, we %v", name, theirs, ours)
			}
		}
		before = after
	}
}
