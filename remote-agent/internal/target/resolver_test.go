package target

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fakeProc is a directory like /proc.
type fakeProc struct {
	t    *testing.T
	root procfs
}

func newFakeProc(t *testing.T) fakeProc {
	t.Helper()
	return fakeProc{t, procfs(t.TempDir())}
}

func (p fakeProc) add(pid, flags, start int, comm, executable, cgroups string) {
	p.t.Helper()
	directory := filepath.Join(string(p.root), strconv.Itoa(pid))
	p.remove(pid)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		p.t.Fatal(err)
	}
	stat := fmt.Sprintf("%d (%s) S 1 7 7 0 -1 %d 1 2 3 4 5 6 7 8 20 0 1 0 %d 1000 10\n", pid, comm, flags, start)
	for name, content := range map[string]string{"stat": stat, "cgroup": cgroups} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	if executable != "" {
		if err := os.Symlink(executable, filepath.Join(directory, "exe")); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p fakeProc) remove(pid int) {
	p.t.Helper()
	if err := os.RemoveAll(filepath.Join(string(p.root), strconv.Itoa(pid))); err != nil {
		p.t.Fatal(err)
	}
}

// fakeContainers is Docker's list.
type fakeContainers struct {
	known      map[string]Container
	generation uint64
}

func (f *fakeContainers) Lookup(id string) (Container, bool) {
	found, ok := f.known[id]
	return found, ok
}

func (f *fakeContainers) Generation() uint64 { return f.generation }

// text writes labels as "name=value name=value".
func text(identity Identity) string {
	var parts []string
	for _, label := range identity.Labels {
		parts = append(parts, label.Name+"="+label.Value)
	}
	return strings.Join(parts, " ")
}

const noCgroup = "0::/user.slice\n"

func TestResolverNamesProcesses(t *testing.T) {
	id := strings.Repeat("c3", 32)
	inDocker := "0::/docker/" + id + "\n"
	web := Container{ID: id, Name: "revel_web", Image: "revel:1", Labels: map[string]string{
		composeProjectLabel: "revel", composeServiceLabel: "web",
	}}
	for _, test := range []struct {
		name       string
		flags      int
		executable string
		cgroups    string
		gone       bool
		hint       Hint
		want       string
	}{
		{name: "by executable", executable: "/usr/sbin/nginx", cgroups: noCgroup, want: "host=h service_name=nginx"},
		{
			name: "interpreter", executable: "/usr/bin/python3.11", cgroups: noCgroup,
			want: "host=h runtime=python service_name=python3.11",
		},
		{name: "replaced executable", executable: "/usr/sbin/nginx (deleted)", cgroups: noCgroup, want: "host=h service_name=nginx"},
		{name: "kernel thread", flags: kernelThreadFlag, cgroups: "0::/\n", want: "host=h service_name=kernel"},
		{
			name: "container", executable: "/usr/bin/python3.11", cgroups: inDocker,
			want: "compose_project=revel compose_service=web container=revel_web container_id=" + id +
				" host=h image=revel:1 runtime=python service_name=revel_web",
		},
		{
			name: "unit", executable: "/usr/sbin/nginx", cgroups: "0::/system.slice/nginx.service\n",
			want: "host=h service_name=nginx unit=nginx.service",
		},
		{
			name: "interpreter of a unit", executable: "/usr/bin/python3.11", cgroups: "0::/system.slice/web@2.service\n",
			want: "host=h runtime=python service_name=web@2 unit=web@2.service",
		},
		{name: "ended, executable told", gone: true, hint: Hint{"sh", "/bin/dash", ""}, want: "exited=true host=h service_name=dash"},
		{
			name: "ended, container told", gone: true, hint: Hint{"sh", "/bin/dash", id},
			want: "compose_project=revel compose_service=web container=revel_web container_id=" + id +
				" host=h image=revel:1 service_name=revel_web",
		},
		{name: "ended, name told", gone: true, hint: Hint{"cron", "", ""}, want: "exited=true host=h named_by=comm service_name=cron"},
		{name: "ended, nothing told", gone: true, want: "exited=true host=h service_name=unknown"},
		{
			name: "container that Docker does not know", executable: "/bin/sh", cgroups: "0::/docker/" + strings.Repeat("d4", 32) + "\n",
			want: "container_id=" + strings.Repeat("d4", 32) + " host=h service_name=sh",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			proc := newFakeProc(t)
			if !test.gone {
				proc.add(7, test.flags, 100, "comm", test.executable, test.cgroups)
			}
			resolver := newResolver(proc.root, "h", &fakeContainers{known: map[string]Container{id: web}}, time.Now)
			resolver.Note(7, test.hint)
			if got := text(resolver.Identify(7)); got != test.want {
				t.Errorf("identity = %s\nwant       %s", got, test.want)
			}
		})
	}
}

func TestResolverKeepsWhoEnded(t *testing.T) {
	proc, clock := newFakeProc(t), time.Unix(0, 0)
	resolver := newResolver(proc.root, "h", &fakeContainers{}, func() time.Time { return clock })
	proc.add(7, 0, 100, "a", "/bin/a", noCgroup)
	resolver.Note(7, Hint{Executable: "/bin/a"})
	proc.remove(7)
	clock = clock.Add(verifyInterval)
	if got := text(resolver.Identify(7)); got != "host=h service_name=a" {
		t.Errorf("after the end = %s", got)
	}
}

func TestResolverNoticesAnotherProcessOfThePid(t *testing.T) {
	proc, clock := newFakeProc(t), time.Unix(0, 0)
	resolver := newResolver(proc.root, "h", &fakeContainers{}, func() time.Time { return clock })
	proc.add(7, 0, 100, "a", "/bin/a", noCgroup)
	resolver.Note(7, Hint{Executable: "/bin/a"})
	proc.add(7, 0, 200, "b", "/bin/b", noCgroup)
	if got := text(resolver.Identify(7)); got != "host=h service_name=a" {
		t.Errorf("at once = %s, want what is remembered", got)
	}
	clock = clock.Add(verifyInterval)
	if got := text(resolver.Identify(7)); got != "host=h service_name=b" {
		t.Errorf("later = %s, want the new process", got)
	}
	// An exec keeps the start: the sample's executable tells.
	proc.add(7, 0, 200, "c", "/bin/c", noCgroup)
	resolver.Note(7, Hint{Executable: "/bin/c"})
	if got := text(resolver.Identify(7)); got != "host=h service_name=c" {
		t.Errorf("after exec = %s", got)
	}
}

func TestResolverNamesTheContainerOnceDockerTells(t *testing.T) {
	id := strings.Repeat("c3", 32)
	proc, docker := newFakeProc(t), &fakeContainers{known: map[string]Container{}}
	resolver := newResolver(proc.root, "h", docker, time.Now)
	proc.add(7, 0, 100, "sh", "/bin/sh", "0::/docker/"+id+"\n")
	resolver.Note(7, Hint{})
	proc.remove(7) // died within seconds
	if got := text(resolver.Identify(7)); got != "container_id="+id+" host=h service_name=sh" {
		t.Errorf("before = %s", got)
	}
	docker.known[id] = Container{ID: id, Name: "short"}
	docker.generation++
	if got := text(resolver.Identify(7)); got != "container=short container_id="+id+" host=h service_name=short" {
		t.Errorf("after = %s", got)
	}
}

func TestResolverForgets(t *testing.T) {
	proc, clock := newFakeProc(t), time.Unix(0, 0)
	resolver := newResolver(proc.root, "h", &fakeContainers{}, func() time.Time { return clock })
	resolver.Note(7, Hint{Comm: "a"})
	clock = clock.Add(forgetInterval)
	resolver.Note(8, Hint{Comm: "b"})
	if len(resolver.known) != 1 {
		t.Errorf("%d processes are remembered, want 1", len(resolver.known))
	}
}
