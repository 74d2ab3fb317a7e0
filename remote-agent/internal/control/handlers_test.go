package control

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/gen/agent/v1/agentv1connect"
	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	"pyrometer.dev/remote-agent/internal/gen/push/v1/pushv1connect"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
	"pyrometer.dev/remote-agent/internal/push"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

func TestQuerierAnswersAsAPprof(t *testing.T) {
	b := newBed(t)
	if err := b.store.Append(t.Context(), someInterval(time.UnixMilli(baseMs)), nil); err != nil {
		t.Fatal(err)
	}
	// The raw bytes of the answer, as a client without generated code would read them.
	body := fmt.Sprintf(`{"profileTypeID":%q,"labelSelector":"{thread=\"b\"}","start":%d,"end":%d}`, cpuType, baseMs, baseMs+1)
	message := &querierv1.SelectMergeProfileRequest{ProfileTypeID: cpuType, LabelSelector: `{thread="b"}`, Start: baseMs, End: baseMs + 1}
	encoded, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	client := over(b.socket())
	url := "http://agent/querier.v1.QuerierService/SelectMergeProfile"
	answer, err := client.Post(url, "application/proto", strings.NewReader(string(encoded)))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.Body.Close() != nil || answer.StatusCode != 200 {
		t.Fatalf("%v: %s %s", err, answer.Status, content)
	}
	parsed, err := profile.ParseData(content)
	if err != nil {
		t.Fatal(err)
	}
	if len(parsed.Sample) != 1 || parsed.Sample[0].Value[0] != 40_000_000 {
		t.Fatalf("samples: %v", parsed.Sample)
	}
	asJSON, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	content, err = io.ReadAll(asJSON.Body)
	if err != nil || asJSON.Body.Close() != nil || !strings.Contains(string(content), `"render"`) {
		t.Fatalf("as JSON: %v %s", err, content)
	}
}

func TestQuerierErrors(t *testing.T) {
	b := newBed(t)
	for name, test := range map[string]struct {
		request *querierv1.SelectMergeProfileRequest
		says    string
	}{
		"bad selector": {&querierv1.SelectMergeProfileRequest{ProfileTypeID: cpuType, LabelSelector: "{x", Start: 1, End: 2}, "parse error"},
		"bad type":     {&querierv1.SelectMergeProfileRequest{ProfileTypeID: "cpu", LabelSelector: "{}", Start: 1, End: 2}, "must be of the form"},
		"no range":     {&querierv1.SelectMergeProfileRequest{ProfileTypeID: cpuType, LabelSelector: "{}"}, "missing time range"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.querier().SelectMergeProfile(t.Context(), connect.NewRequest(test.request))
			var failure *connect.Error
			if !errors.As(err, &failure) || failure.Code() != connect.CodeInvalidArgument || !strings.Contains(failure.Message(), test.says) {
				t.Fatalf("got %v", err)
			}
		})
	}
	_, err := b.querier().LabelValues(t.Context(), connect.NewRequest(&typesv1.LabelValuesRequest{Name: strings.Repeat("x", maxRequestBytes)}))
	if connect.CodeOf(err) != connect.CodeResourceExhausted {
		t.Fatalf("a request over the limit: %v", err)
	}
}

func TestSelectWindowsStreams(t *testing.T) {
	b := newBed(t)
	for i := range 3 {
		if err := b.store.Append(t.Context(), someInterval(time.UnixMilli(baseMs+int64(i)*15_000)), nil); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := b.agent().SelectWindows(t.Context(), connect.NewRequest(&agentv1.SelectWindowsRequest{
		ProfileTypeID: cpuType, LabelSelector: `{service_name="web"}`, Start: baseMs, End: baseMs + 45_000,
	}))
	if err != nil {
		t.Fatal(err)
	}
	var whole agentv1.WindowSet
	for stream.Receive() {
		proto.Merge(&whole, stream.Msg().GetPart())
	}
	if err := errors.Join(stream.Err(), stream.Close()); err != nil {
		t.Fatal(err)
	}
	parsed, err := profile.ParseData(whole.GetProfile())
	if err != nil {
		t.Fatal(err)
	}
	sums := make([]int64, len(parsed.Sample))
	var starts []int64
	for _, window := range whole.GetWindows() {
		total := int64(0)
		for i, stack := range window.GetStack() {
			sums[stack] += window.GetValue()[i]
			total += window.GetValue()[i]
		}
		if total != 70_000_000 {
			t.Errorf("total %d", total)
		}
		if window.GetEnd() != window.GetStart()+15_000 || window.GetPeriod() != parsed.Period {
			t.Errorf("ends at %d, period %d", window.GetEnd(), window.GetPeriod())
		}
		starts = append(starts, window.GetStart()-baseMs)
	}
	for i, sample := range parsed.Sample {
		if sample.Value[0] != sums[i] {
			t.Errorf("sample %d is %d, its windows have %d", i, sample.Value[0], sums[i])
		}
	}
	if fmt.Sprint(starts) != "[0 15000 30000]" || len(sums) != 2 {
		t.Fatalf("%v %v", starts, sums)
	}
}

func TestWatchStatusSendsAtOnceOnChangeAndOnWindow(t *testing.T) {
	b := newBed(t)
	stream, err := b.agent().WatchStatus(t.Context(), connect.NewRequest(&agentv1.WatchStatusRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	b.parts.mu.Lock()
	b.parts.message = "changed"
	b.parts.mu.Unlock()
	b.recorder.Deliver(someInterval(time.UnixMilli(baseMs)))
	if !stream.Receive() || stream.Msg().GetStatus().GetMessage() != "changed" {
		t.Fatalf("%v %v", stream.Msg(), stream.Err())
	}
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestServerStopsWhileSomebodyWatches(t *testing.T) {
	b := newBed(t)
	stream, err := b.agent().WatchStatus(t.Context(), connect.NewRequest(&agentv1.WatchStatusRequest{}))
	if err != nil || !stream.Receive() {
		t.Fatal(err, stream.Err())
	}
	b.stop()
	err = <-b.served
	b.served <- err
	if err != nil {
		t.Fatal(err)
	}
	for stream.Receive() {
		continue
	}
	if code := connect.CodeOf(stream.Err()); code != connect.CodeUnavailable {
		t.Errorf("the watcher saw %v", stream.Err())
	}
	if _, err := os.Stat(b.socket()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestAgentCalls(t *testing.T) {
	b := newBed(t)
	agent := b.agent()
	if _, err := agent.SetSelection(t.Context(), connect.NewRequest(&agentv1.SetSelectionRequest{
		ContainerIds: []string{"c"}, Pids: []uint32{4}, Services: []string{"web"},
	})); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.SetPush(t.Context(), connect.NewRequest(&agentv1.SetPushRequest{
		Url: "http://p:4040", Tenant: "t", Headers: []*typesv1.LabelPair{{Name: "X", Value: "y"}}, BearerToken: "z", KeepSecrets: true,
		CaPem: "c", Labels: []*typesv1.LabelPair{{Name: "env", Value: "test"}},
	})); err != nil {
		t.Fatal(err)
	}
	want := push.Server{
		URL: "http://p:4040", Tenant: "t", Headers: []push.Header{{Name: "X", Value: "y"}}, CA: "c",
		Labels: []target.Label{{Name: "env", Value: "test"}}, Credentials: push.Credentials{User: "as before", Token: "z"},
	}
	choice := target.Choice{ContainerIDs: []string{"c"}, PIDs: []uint32{4}, Services: []string{"web"}}
	if got := b.parts; !reflect.DeepEqual(got.choice, choice) || !reflect.DeepEqual(got.pushed, want) {
		t.Errorf("asked for %+v %+v", got.choice, got.pushed)
	}
	if _, err := agent.SetPush(t.Context(), connect.NewRequest(&agentv1.SetPushRequest{Url: "bad"})); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("bad settings gave %v", err)
	}
	if _, err := agent.RemovePush(t.Context(), connect.NewRequest(&agentv1.RemovePushRequest{Url: "http://p:4040", Tenant: "t"})); err != nil || b.parts.unpushed != "http://p:4040 t" {
		t.Errorf("%v, removed %q", err, b.parts.unpushed)
	}
	if _, err := agent.Stop(t.Context(), connect.NewRequest(&agentv1.StopRequest{})); err != nil {
		t.Fatal(err)
	}
	<-b.parts.exited
	if !b.parts.flushed {
		t.Error("the open window was not closed")
	}
}

// callAs asks for the status as another user, by this test binary.

func TestPushSocketOnlyTakes(t *testing.T) {
	b := newBed(t)
	client := over(filepath.Join(b.directory, PushSocketName))
	pprof := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 10_000_000,
		TimeNanos: time.Now().UnixNano(), DurationNanos: 10e9,
	}
	function := &profile.Function{ID: 1, Name: "handler"}
	location := &profile.Location{ID: 1, Line: []profile.Line{{Function: function, Line: 3}}}
	pprof.Function, pprof.Location = []*profile.Function{function}, []*profile.Location{location}
	pprof.Sample = []*profile.Sample{{Location: []*profile.Location{location}, Value: []int64{50}, Label: map[string][]string{"thread": {"t1"}}}}
	var raw strings.Builder
	if err := pprof.Write(&raw); err != nil {
		t.Fatal(err)
	}
	pusher := pushv1connect.NewPusherServiceClient(client, "http://agent")
	request := func(content string) *connect.Request[pushv1.PushRequest] {
		return connect.NewRequest(&pushv1.PushRequest{Series: []*pushv1.RawProfileSeries{{
			Labels:  []*typesv1.LabelPair{{Name: "__name__", Value: "process_cpu"}, {Name: "service_name", Value: "sdk"}},
			Samples: []*pushv1.RawSample{{RawProfile: []byte(content)}},
		}}})
	}
	if _, err := pusher.Push(t.Context(), request(raw.String())); err != nil {
		t.Fatal(err)
	}
	if _, err := pusher.Push(t.Context(), request("no pprof")); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("garbage: %v", err)
	}
	values, err := b.querier().LabelValues(t.Context(), connect.NewRequest(&typesv1.LabelValuesRequest{Name: "service_name"}))
	if err != nil || fmt.Sprint(values.Msg.GetNames()) != "[sdk]" {
		t.Errorf("%v %v", values, err)
	}
	reading := querierv1connect.NewQuerierServiceClient(client, "http://agent")
	if _, err := reading.LabelValues(t.Context(), connect.NewRequest(&typesv1.LabelValuesRequest{Name: "service_name"})); connect.CodeOf(err) != connect.CodeUnimplemented {
		t.Errorf("the push socket can be read: %v", err)
	}
	if _, err := agentv1connect.NewAgentServiceClient(client, "http://agent").Stop(t.Context(), connect.NewRequest(&agentv1.StopRequest{})); connect.CodeOf(err) != connect.CodeUnimplemented {
		t.Errorf("the push socket commands: %v", err)
	}
}

// pipes is a bridge's standard input and output as one connection.

func TestTrustOverTheContract(t *testing.T) {
	b := newBed(t)
	interval := someInterval(time.UnixMilli(baseMs))
	interval.PeriodNs = 10_000_000
	interval.Fates = []window.ServiceFate{{
		Labels: interval.Windows[0].Labels, Fate: window.Fate{Measured: true, Fired: 9, NewProcess: 2, Delivered: 7, SchedulerNs: 68_000_000},
	}}
	if err := b.store.Append(t.Context(), interval, nil); err != nil {
		t.Fatal(err)
	}
	answer, err := b.agent().GetTrust(t.Context(), connect.NewRequest(&agentv1.GetTrustRequest{LabelSelector: "{}", Start: baseMs, End: baseMs + 1}))
	if err != nil {
		t.Fatal(err)
	}
	fates := answer.Msg.GetFates()
	if fates.GetFired() != 9 || fates.GetLostNewProcess() != 2 || fates.GetSampledNs() != 70_000_000 || fates.GetWindows() != 1 ||
		fates.GetUnbalancedWindows() != 0 || answer.Msg.GetTotalNs() != 70_000_000 {
		t.Errorf("%v", answer.Msg)
	}
	_, err = b.agent().GetTrust(t.Context(), connect.NewRequest(&agentv1.GetTrustRequest{LabelSelector: "{x", Start: 1, End: 2}))
	if connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a bad selector gave %v", err)
	}
}

func TestContainerStartsOverTheContract(t *testing.T) {
	b := newBed(t)
	started := target.ContainerStart{ContainerID: "c0", Occurrence: "boot 7", At: time.UnixMilli(baseMs), Labels: []target.Label{{Name: "service_name", Value: "web"}}}
	if err := b.store.AddContainerStarts(t.Context(), time.UnixMilli(baseMs+1), []target.ContainerStart{started}); err != nil {
		t.Fatal(err)
	}
	ask := func(selector string) (*agentv1.ListContainerStartsResponse, error) {
		answer, err := b.agent().ListContainerStarts(t.Context(), connect.NewRequest(&agentv1.ListContainerStartsRequest{
			LabelSelector: selector, Start: baseMs, End: baseMs + 1,
		}))
		if err != nil {
			return nil, err
		}
		return answer.Msg, nil
	}
	answer, err := ask(`{service_name="web"}`)
	if err != nil {
		t.Fatal(err)
	}
	if starts := answer.GetStarts(); answer.GetKnownFrom() != baseMs+1 || len(starts) != 1 || starts[0].GetContainerId() != "c0" ||
		starts[0].GetAt() != baseMs || starts[0].GetAgain() || starts[0].GetLabels()[0].GetValue() != "web" {
		t.Errorf("%v", answer)
	}
	if _, err := ask("{x"); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a bad selector gave %v", err)
	}
}
