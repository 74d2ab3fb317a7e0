package target

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeDocker speaks the part of Docker 20.10's API that is used: version 1.41, older than the client's.
type fakeDocker struct {
	t      *testing.T
	path   string
	server *http.Server

	mu         sync.Mutex
	containers []map[string]any
	streams    []chan map[string]any
	paths      []string
	// since is what each stream was asked for with, remembered what such a one begins with.
	since      []string
	remembered []map[string]any
}

// startFakeDocker starts one that remembers events of before.
func startFakeDocker(t *testing.T, path string, remembered ...map[string]any) *fakeDocker {
	t.Helper()
	docker := &fakeDocker{t: t, path: path, remembered: remembered}
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	docker.server = &http.Server{Handler: docker}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = docker.server.Serve(listener) // ends with Close
	}()
	t.Cleanup(func() {
		_ = docker.server.Close()
		<-served
	})
	return docker
}

func (d *fakeDocker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.paths = append(d.paths, r.URL.Path)
	d.mu.Unlock()
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/_ping":
		_, _ = w.Write([]byte("OK"))
	case strings.HasSuffix(r.URL.Path, "/containers/json"):
		d.mu.Lock()
		defer d.mu.Unlock()
		_ = json.NewEncoder(w).Encode(d.containers)
	case strings.HasSuffix(r.URL.Path, "/events"):
		stream := make(chan map[string]any, 16)
		d.mu.Lock()
		since := r.URL.Query().Get("since")
		if since != "" {
			for _, event := range d.remembered {
				stream <- event
			}
		}
		d.since = append(d.since, since)
		d.streams = append(d.streams, stream)
		d.mu.Unlock()
		w.(http.Flusher).Flush()
		for {
			select {
			case event := <-stream:
				_ = json.NewEncoder(w).Encode(event)
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				return
			}
		}
	case strings.HasSuffix(r.URL.Path, "/json") && strings.Contains(r.URL.Path, "/containers/"):
		_, _ = w.Write([]byte(`{"Id":"x","Image":"sha256:0b","Config":{"Labels":{"` + composeProjectLabel + `":"revel"}}}`))
	case strings.HasSuffix(r.URL.Path, "/images/sha256:0a/json"):
		_, _ = w.Write([]byte(`{"Id":"sha256:0a","RepoDigests":["registry/revel@sha256:aa"]}`))
	case strings.HasSuffix(r.URL.Path, "/images/sha256:0b/json"): // never was in a registry
		_, _ = w.Write([]byte(`{"Id":"sha256:0b","RepoDigests":[]}`))
	default:
		http.Error(w, `{"message":"unexpected"}`, http.StatusNotFound)
	}
}

func (d *fakeDocker) event(action, id string, attributes map[string]string) {
	d.t.Helper()
	d.send(map[string]any{
		"Type": "container", "Action": action, "Actor": map[string]any{"ID": id, "Attributes": attributes},
	})
}

func (d *fakeDocker) send(event map[string]any) {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.streams) == 0 {
		d.t.Fatal("nobody follows events")
	}
	d.streams[len(d.streams)-1] <- event
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestDockerFollowsContainers(t *testing.T) {
	listed, made := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	path := filepath.Join(t.TempDir(), "docker.sock")
	server := startFakeDocker(t, path)
	server.containers = []map[string]any{{
		"Id": listed, "Names": []string{"/other/alias", "/revel_web"}, "Image": "revel:1", "ImageID": "sha256:0a", "State": "running",
		"Labels": map[string]string{composeProjectLabel: "revel", composeServiceLabel: "web"},
	}}
	docker := NewDocker("unix://"+path, slog.New(slog.DiscardHandler))
	clock := time.Unix(0, 0)
	var clockMu sync.Mutex
	docker.now = func() time.Time {
		clockMu.Lock()
		defer clockMu.Unlock()
		return clock
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		docker.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	eventually(t, "Docker is reachable", func() bool { return docker.Status().Reachable })
	want := Container{
		ID: listed, Name: "revel_web", Image: "revel:1", ImageDigest: "sha256:aa",
		Labels: map[string]string{composeProjectLabel: "revel", composeServiceLabel: "web"},
	}
	if got, ok := docker.Lookup(listed); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("listed = %+v, %v, want %+v", got, ok, want)
	}
	if count := docker.Status().Containers; count != 1 {
		t.Errorf("%d containers run, want 1", count)
	}

	server.event("create", made, map[string]string{"name": "job", "image": "job:2", composeProjectLabel: "revel"})
	server.event("start", made, map[string]string{"name": "job", "image": "job:2", composeProjectLabel: "revel"})
	eventually(t, "the new container is counted", func() bool { return docker.Status().Containers == 2 })
	eventually(t, "its image is known", func() bool { got, _ := docker.Lookup(made); return !got.Incomplete })
	if got, _ := docker.Lookup(made); got.Name != "job" || len(got.Labels) != 1 || got.Labels[composeProjectLabel] != "revel" || got.ImageDigest != "sha256:0b" {
		t.Errorf("made = %+v", got)
	}
	before := docker.Generation()
	server.event("rename", made, map[string]string{"name": "task", "oldName": "/job", "image": "job:2"})
	eventually(t, "the new name is known", func() bool { got, _ := docker.Lookup(made); return got.Name == "task" })
	if docker.Generation() == before {
		t.Error("a change did not change the generation")
	}
	// Died and removed within seconds: still named for a while.
	server.event("die", made, map[string]string{"name": "task"})
	server.event("destroy", made, map[string]string{"name": "task"})
	eventually(t, "it is not counted any more", func() bool { return docker.Status().Containers == 1 })
	if _, ok := docker.Lookup(made); !ok {
		t.Error("a container that just ended is forgotten")
	}
	// Events come in order: both ends have been heard of before the clock goes on.
	server.event("rename", listed, map[string]string{"name": "web", "oldName": "/revel_web", "image": "revel:1"})
	eventually(t, "the other's new name is known", func() bool { got, _ := docker.Lookup(listed); return got.Name == "web" })
	clockMu.Lock()
	clock = clock.Add(deadContainerLife)
	clockMu.Unlock()
	server.event("start", listed, map[string]string{"name": "revel_web"})
	eventually(t, "it is forgotten", func() bool { _, ok := docker.Lookup(made); return !ok })

	server.mu.Lock()
	defer server.mu.Unlock()
	for _, path := range server.paths {
		if path != "/_ping" && !strings.HasPrefix(path, "/v1.41/") {
			t.Errorf("asked %s, want the version that was negotiated", path)
		}
	}
}

func TestDockerConnectsAgain(t *testing.T) {
	id := strings.Repeat("a1", 32)
	path := filepath.Join(t.TempDir(), "docker.sock")
	docker := NewDocker("unix://"+path, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		docker.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	eventually(t, "the missing socket is explained", func() bool {
		return strings.Contains(docker.Status().Message, "does not run here")
	})
	server := startFakeDocker(t, path)
	server.mu.Lock()
	server.containers = []map[string]any{{"Id": id, "Names": []string{"/web"}, "Image": "w", "State": "running"}}
	server.mu.Unlock()
	eventually(t, "Docker is reachable", func() bool { return docker.Status().Reachable })
	if err := server.server.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end is noticed", func() bool { return !docker.Status().Reachable })
	if _, ok := docker.Lookup(id); !ok {
		t.Error("what was known is forgotten without Docker")
	}
}

func TestDockerExplainsWhyNot(t *testing.T) {
	directory := t.TempDir()
	notSocket := filepath.Join(directory, "file")
	if err := os.WriteFile(notSocket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(directory, "stale.sock")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"unix://" + filepath.Join(directory, "absent.sock"): "does not run here",
		"unix://" + stale:     "Nobody answers on Docker's socket",
		"unix://" + notSocket: "Nobody answers on Docker's socket",
		"nonsense":            "does not answer",
	} {
		status := NewDocker(host, slog.New(slog.DiscardHandler)).Probe(context.Background())
		if status.Reachable || !strings.Contains(status.Message, want) || !strings.HasSuffix(status.Message, ".") {
			t.Errorf("%s: %+v, want %q", host, status, want)
		}
	}
	if message := NewDocker("unix:///s", nil).explain(os.ErrPermission); !strings.Contains(message, "may not use Docker's socket /s") {
		t.Errorf("permission: %s", message)
	}
}
