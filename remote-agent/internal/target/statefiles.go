package target

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// maxStateBytes bounds a file of an engine: an OCI configuration has some ten KB.
	maxStateBytes = 4 << 20
	// maxRemembered bounds what is remembered of containers that are long gone.
	maxRemembered = 1024
)

// StateFiles names the containers of containerd, CRI-O and Podman by the files that these keep of what they run: they need
// no socket, no client and no right beyond reading, and are there before a container's first instruction, so that one that
// lives for a moment is named too. Safe for concurrent use.
type StateFiles struct {
	root string

	mu    sync.Mutex
	known map[string]Container
}

var _ Containers = (*StateFiles)(nil)

// NewStateFiles looks below a directory, which is / but in tests.
func NewStateFiles(root string) *StateFiles {
	return &StateFiles{root: root, known: make(map[string]Container)}
}

// Where engines keep the OCI configuration of a container: before the id, "*" is containerd's namespace.
var bundlePatterns = []string{
	"run/containerd/io.containerd.runtime.v2.task/*/ID/config.json",
	"run/k3s/containerd/io.containerd.runtime.v2.task/*/ID/config.json",
	"run/containers/storage/overlay-containers/ID/userdata/config.json",
	"var/lib/containers/storage/overlay-containers/ID/userdata/config.json",
}

// podmanLists are where Podman lists the names of its containers.
var podmanLists = []string{
	"var/lib/containers/storage/overlay-containers/containers.json",
	"var/lib/containers/storage/overlay-containers/volatile-containers.json",
}

// Lookup implements Containers. What was found once is remembered, for the files go with the container.
func (f *StateFiles) Lookup(id string) (Container, bool) {
	// The id becomes part of a path.
	if match := containerIDPattern.FindString(id); match != id || len(id) != 64 {
		return Container{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if found, ok := f.known[id]; ok {
		return found, true
	}
	found, ok := f.read(id)
	if !ok {
		return Container{}, false
	}
	if len(f.known) >= maxRemembered {
		clear(f.known)
	}
	f.known[id] = found
	return found, true
}

// Generation implements Containers: the files are there when the first process is, so nothing comes later.
func (f *StateFiles) Generation() uint64 { return 0 }

func (f *StateFiles) read(id string) (Container, bool) {
	for _, pattern := range bundlePatterns {
		// Below a root that is no pattern, so that Glob cannot fail.
		paths, err := filepath.Glob(filepath.Join(f.root, strings.ReplaceAll(pattern, "ID", id)))
		if err != nil {
			continue
		}
		for _, path := range paths {
			if found, ok := containerOfBundle(path, id); ok {
				return found, true
			}
		}
	}
	for _, list := range podmanLists {
		if found, ok := containerOfList(filepath.Join(f.root, list), id); ok {
			return found, true
		}
	}
	return Container{}, false
}

// Annotations in which each engine puts names; the first that is there counts.
var (
	nameAnnotations      = []string{"io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name"}
	podAnnotations       = []string{"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"}
	namespaceAnnotations = []string{"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"}
	imageAnnotations     = []string{"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.UserRequestedImage"}
)

// sandboxName is what the container is called that only holds a pod's namespaces.
const sandboxName = "pause"

// containerOfBundle reads an OCI runtime configuration. Docker's containers are containerd's too, without a name: false.
func containerOfBundle(path, id string) (Container, bool) {
	var bundle struct {
		Annotations map[string]string `json:"annotations"`
	}
	if err := readState(path, &bundle); err != nil {
		return Container{}, false
	}
	first := func(names []string) string {
		for _, name := range names {
			if value := bundle.Annotations[name]; value != "" {
				return value
			}
		}
		return ""
	}
	found := Container{
		ID: id, Name: first(nameAnnotations), Image: first(imageAnnotations), Pod: first(podAnnotations),
		Namespace: first(namespaceAnnotations), Labels: bundle.Annotations,
	}
	if found.Name == "" && found.Pod != "" {
		found.Name = sandboxName
	}
	return found, found.Name != ""
}

// containerOfList finds a container in Podman's list.
func containerOfList(path, id string) (Container, bool) {
	var list []struct {
		ID       string   `json:"id"`
		Names    []string `json:"names"`
		Metadata string   `json:"metadata"`
	}
	if err := readState(path, &list); err != nil {
		return Container{}, false
	}
	for _, entry := range list {
		if entry.ID != id || len(entry.Names) == 0 {
			continue
		}
		// JSON in a string of JSON; without it the name is enough.
		var metadata struct {
			Image   string `json:"image-name"`
			ImageID string `json:"image-id"`
		}
		if err := json.Unmarshal([]byte(entry.Metadata), &metadata); err != nil {
			metadata.Image, metadata.ImageID = "", ""
		}
		digest := metadata.ImageID
		if digest != "" && !strings.Contains(digest, ":") {
			digest = "sha256:" + digest
		}
		return Container{ID: id, Name: entry.Names[0], Image: metadata.Image, ImageDigest: digest}, true
	}
	return Container{}, false
}

// errNoState says that something else than a file of moderate size is where an engine's should be.
var errNoState = errors.New("not a state file")

// readState never waits: a pipe, or a device, is none.
func readState(path string, into any) error {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxStateBytes {
		return fmt.Errorf("read state %s: %w", path, errNoState)
	}
	if err := json.NewDecoder(io.LimitReader(file, maxStateBytes)).Decode(into); err != nil {
		return fmt.Errorf("read state %s: %w", path, err)
	}
	return nil
}
