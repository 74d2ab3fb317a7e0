package control

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestFewListenerLetsTheNextInWhenOneLeaves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	made, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	listener := newFewListener(made, 1)
	accepted := make(chan net.Conn)
	failed := make(chan error, 1)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				failed <- err
				return
			}
			accepted <- connection
		}
	}()
	for range 2 {
		connection, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() })
	}
	first := <-accepted
	select {
	case <-accepted:
		t.Fatal("the second was let in beside the first")
	default:
	}
	for range 2 { // closing twice gives one place
		_ = first.Close()
	}
	<-accepted
	if len(listener.places) != 1 {
		t.Errorf("%d places are taken", len(listener.places))
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

func TestAtOnceHoldsRequestsBack(t *testing.T) {
	const limit, calls = 2, 8
	var inside, most atomic.Int32
	release := make(chan struct{})
	entered := make(chan struct{}, calls)
	handler := atOnce(limit, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		now := inside.Add(1)
		for {
			seen := most.Load()
			if now <= seen || most.CompareAndSwap(seen, now) {
				break
			}
		}
		entered <- struct{}{}
		<-release
		inside.Add(-1)
	}))
	var running sync.WaitGroup
	for range calls {
		running.Go(func() {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
		})
	}
	for range limit {
		<-entered
	}
	close(release)
	running.Wait()
	if most.Load() != limit {
		t.Errorf("%d at once, want %d", most.Load(), limit)
	}
}
