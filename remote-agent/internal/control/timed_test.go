package control

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"

	"pyrometer.dev/remote-agent/internal/engine"
	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/timed"
)

func recordSamples(t *testing.T, b *bed, selector string, seconds uint32) *connect.ServerStreamForClient[agentv1.RecordSamplesResponse] {
	t.Helper()
	stream, err := b.agent().RecordSamples(t.Context(), connect.NewRequest(&agentv1.RecordSamplesRequest{LabelSelector: selector, Seconds: seconds}))
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func TestRecordSamplesTellsHowFarItIsThenSendsAPprof(t *testing.T) {
	b := newBed(t)
	stream := recordSamples(t, b, `{service_name="web"}`, 1)
	defer func() { _ = stream.Close() }()
	var last *agentv1.RecordSamplesResponse
	var whole []byte
	for stream.Receive() {
		answer := stream.Msg()
		if len(answer.GetProfile()) > 0 {
			whole = append(whole, answer.GetProfile()...)
			continue
		}
		if last == nil { // it has begun
			for i := range 3 {
				b.timed.HandleSample(&engine.Sample{
					TimeNs: time.Now().UnixNano(), PID: 7, TID: 9, CPU: 1, Comm: "worker", Hash: [16]byte{byte(i % 2)}, Count: 1,
					Frames: []*engine.Frame{{Kind: engine.KindPython, Function: "main", File: "/app/main.py", Line: 7}},
				})
			}
		}
		last = answer
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if last.GetSamples() != 3 || last.GetDropped() != 0 || last.GetFull() || last.GetEnd() != last.GetStart()+1000 {
		t.Errorf("at the end: %v", last)
	}
	parsed, err := profile.ParseData(whole)
	if err != nil || len(parsed.Sample) != 3 || parsed.Sample[0].Location[0].Line[0].Function.Name != "main" {
		t.Errorf("%v, %v", parsed, err)
	}
}

func TestEndRecordingSendsWhatThereIs(t *testing.T) {
	b := newBed(t)
	stream := recordSamples(t, b, "{}", 600)
	defer func() { _ = stream.Close() }()
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	end := func() error {
		_, err := b.agent().EndRecording(t.Context(), connect.NewRequest(&agentv1.EndRecordingRequest{Id: stream.Msg().GetId()}))
		return err
	}
	id := stream.Msg().GetId()
	if err := end(); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for stream.Receive() {
		sent += len(stream.Msg().GetProfile())
	}
	if err := stream.Err(); err != nil || sent == 0 {
		t.Fatalf("%d bytes, %v", sent, err)
	}
	_, err := b.agent().EndRecording(t.Context(), connect.NewRequest(&agentv1.EndRecordingRequest{Id: id}))
	if connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("once more: %v", err)
	}
}

func TestRecordSamplesRefuses(t *testing.T) {
	b := newBed(t)
	for name, test := range map[string]struct {
		selector string
		seconds  uint32
		code     connect.Code
		says     string
	}{
		"no time":       {"{}", 0, connect.CodeInvalidArgument, "1 to 600 seconds"},
		"too long":      {"{}", 601, connect.CodeInvalidArgument, "1 to 600 seconds, not 601"},
		"a bad pattern": {"{x", 1, connect.CodeInvalidArgument, "parse error"},
	} {
		t.Run(name, func(t *testing.T) {
			stream := recordSamples(t, b, test.selector, test.seconds)
			if stream.Receive() || connect.CodeOf(stream.Err()) != test.code || !strings.Contains(stream.Err().Error(), test.says) {
				t.Errorf("%v", stream.Err())
			}
		})
	}
	for range timed.MaxAtOnce {
		stream := recordSamples(t, b, "{}", 600)
		defer func() { _ = stream.Close() }()
		if !stream.Receive() {
			t.Fatal(stream.Err())
		}
	}
	stream := recordSamples(t, b, "{}", 600)
	if stream.Receive() || connect.CodeOf(stream.Err()) != connect.CodeResourceExhausted {
		t.Errorf("one more: %v", stream.Err())
	}
}

func TestACancelledRecordingGivesItsPlaceBack(t *testing.T) {
	b := newBed(t)
	for range 3 * timed.MaxAtOnce {
		stream := recordSamples(t, b, "{}", 600)
		deadline := time.Now().Add(5 * time.Second)
		for !stream.Receive() {
			if time.Now().After(deadline) {
				t.Fatal(stream.Err())
			}
			time.Sleep(10 * time.Millisecond)
			stream = recordSamples(t, b, "{}", 600)
		}
		_ = stream.Close()
	}
}
