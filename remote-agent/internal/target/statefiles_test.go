package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// write makes a file below a root.
func write(t *testing.T, root, path, content string) {
	t.Helper()
	full := filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestStateFilesOfEveryEngine(t *testing.T) {
	id := strings.Repeat("c3", 32)
	const tasks = "run/containerd/io.containerd.runtime.v2.task/"
	podman := `[{"id":"` + strings.Repeat("d4", 32) + `","names":["other"]},{"id":"` + id + `","names":["job"],` +
		`"metadata":"{\"image-name\":\"docker.io/library/job:2\",\"image-id\":\"ab12\",\"name\":\"job\"}"}]`
	for _, test := range []struct{ name, path, content, want string }{
		{
			"containerd of kubernetes", tasks + "k8s.io/" + id + "/config.json",
			`{"annotations":{"io.kubernetes.cri.container-name":"web","io.kubernetes.cri.sandbox-name":"web-7f","io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.image-name":"shop:3"}}`,
			"container=web container_id=" + id + " image=shop:3 namespace=shop pod=web-7f service_name=web",
		},
		{
			"a pod's sandbox", "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json",
			`{"annotations":{"io.kubernetes.cri.sandbox-name":"web-7f","io.kubernetes.cri.sandbox-namespace":"shop"}}`,
			"container=pause container_id=" + id + " namespace=shop pod=web-7f service_name=pause",
		},
		{
			"cri-o", "run/containers/storage/overlay-containers/" + id + "/userdata/config.json",
			`{"annotations":{"io.kubernetes.container.name":"web","io.kubernetes.pod.name":"web-7f","io.kubernetes.pod.namespace":"shop"}}`,
			"container=web container_id=" + id + " namespace=shop pod=web-7f service_name=web",
		},
		{
			"nerdctl", tasks + "default/" + id + "/config.json",
			`{"annotations":{"nerdctl/name":"web","pyrometer.service":"checkout"}}`,
			"container=web container_id=" + id + " service_name=checkout",
		},
		{
			"podman", "var/lib/containers/storage/overlay-containers/containers.json", podman,
			"container=job container_id=" + id + " image=docker.io/library/job:2 image_digest=sha256:ab12 service_name=job",
		},
		{"docker's own task, which has no name", tasks + "moby/" + id + "/config.json", `{"annotations":{}}`, ""},
		{"no JSON", tasks + "default/" + id + "/config.json", `{"annotations":`, ""},
		{"a list of something else", "var/lib/containers/storage/overlay-containers/containers.json", `{"a":1}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, test.path, test.content)
			files := NewStateFiles(root)
			found, ok := files.Lookup(id)
			if ok != (test.want != "") {
				t.Fatalf("found = %t", ok)
			}
			if !ok {
				return
			}
			if got := text(identity(found.values())); got != test.want {
				t.Errorf("labels = %s\nwant     %s", got, test.want)
			}
			// The engine removes its files with the container.
			if err := os.RemoveAll(root); err != nil {
				t.Fatal(err)
			}
			if _, ok := files.Lookup(id); !ok {
				t.Error("a container that just ended is forgotten")
			}
		})
	}
}

func TestStateFilesAreNoTrap(t *testing.T) {
	id := strings.Repeat("c3", 32)
	root := t.TempDir()
	directory := filepath.Join(root, "run/containerd/io.containerd.runtime.v2.task/default", id)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "config.json")
	if err := unix.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	files := NewStateFiles(root)
	if found, ok := files.Lookup(id); ok {
		t.Errorf("a pipe is %+v", found)
	}
	for _, bad := range []string{"", "../../" + id, id[:63], id + "a", strings.ToUpper(id), "*" + id[1:]} {
		if found, ok := files.Lookup(bad); ok {
			t.Errorf("%q is %+v", bad, found)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(root, "secret")
	write(t, root, "secret", `{"annotations":{"nerdctl/name":"secret"}}`)
	if err := os.Symlink(secret, path); err != nil {
		t.Fatal(err)
	}
	if found, ok := files.Lookup(id); ok {
		t.Errorf("a link was followed to %+v", found)
	}
}

func TestEnginesAnswerInOrder(t *testing.T) {
	id, other := strings.Repeat("c3", 32), strings.Repeat("d4", 32)
	first := &fakeContainers{known: map[string]Container{id: {Name: "first"}}, generation: 2}
	second := &fakeContainers{known: map[string]Container{id: {Name: "second"}, other: {Name: "other"}}, generation: 3}
	engines := Engines{first, second}
	if found, _ := engines.Lookup(id); found.Name != "first" {
		t.Errorf("found %+v", found)
	}
	if found, ok := engines.Lookup(other); !ok || found.Name != "other" {
		t.Errorf("found %+v", found)
	}
	if engines.Generation() != 5 {
		t.Errorf("generation = %d", engines.Generation())
	}
}
