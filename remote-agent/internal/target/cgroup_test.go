package target

import (
	"slices"
	"strings"
	"testing"
)

func TestContainerIDsOfEveryRuntimeAndVersion(t *testing.T) {
	outer, inner := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	for _, test := range []struct {
		name    string
		cgroups string
		want    []string
	}{
		{"docker, v1", "9:name=systemd:/docker/" + outer + "\n4:memory:/docker/" + outer + "\n0::/\n", []string{outer}},
		{"docker, v2 with systemd", "0::/system.slice/docker-" + outer + ".scope\n", []string{outer}},
		{"docker, v2 with cgroupfs", "0::/docker/" + outer + "\n", []string{outer}},
		{"kubernetes", "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + outer + ".scope\n", []string{outer}},
		{"podman, in a cgroup of its own", "0::/machine.slice/libpod-" + outer + ".scope/container\n", []string{outer}},
		{"docker in docker", "3:cpu:/docker/" + outer + "/docker/" + inner + "\n", []string{inner, outer}},
		{"one controller only", "9:name=systemd:/\n8:pids:/docker/" + outer + "\n0::/\n", []string{outer}},
		{"a path with colons", "1:name=a:b:/docker/" + outer + "\n", []string{outer}},
		{"no container", "0::/user.slice/user-1000.slice/session-1.scope\n", nil},
		{"too many digits", "0::/docker/" + outer + "a\n", nil},
		{"upper case is no id", "0::/docker/" + strings.ToUpper(outer) + "\n", nil},
		{"empty", "", nil},
		{"garbage", "docker/" + outer, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := containerIDs(test.cgroups); !slices.Equal(got, test.want) {
				t.Errorf("containerIDs(%q) = %q, want %q", test.cgroups, got, test.want)
			}
		})
	}
}

func TestParseStatWithHostileNames(t *testing.T) {
	tail := " S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 10\n"
	for name, comm := range map[string]string{
		"plain": "python3", "parentheses": "a) R 1 (b", "newline": "a\nb", "empty": "", "spaces": "tmux: server",
	} {
		got, err := parseStat("7 (" + comm + ")" + tail)
		if err != nil || got.comm != comm || got.startTicks != 98765 || got.kernelThread || got.ended {
			t.Errorf("%s: parseStat = %+v, %v", name, got, err)
		}
	}
	kernel, err := parseStat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 11 0 0\n")
	if err != nil || !kernel.kernelThread {
		t.Errorf("kernel thread = %+v, %v", kernel, err)
	}
	zombie, err := parseStat("7 (sh) Z 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 0 0\n")
	if err != nil || !zombie.ended {
		t.Errorf("zombie = %+v, %v", zombie, err)
	}
	for _, broken := range []string{"", "7 (sh", "7 sh) S 1", "7 (sh) S 1 7", "7 (sh) S 1 7 7 0 -1 x 1 2 3 4 5 6 7 8 20 0 1 0 98765 0"} {
		if _, err := parseStat(broken); err == nil {
			t.Errorf("parseStat(%q) was accepted", broken)
		}
	}
}

func TestIdentityIsSortedAndBounded(t *testing.T) {
	got := identity(map[string]string{
		"service_name": strings.Repeat("é", 150), "host": "h\xff", "image": "", "container": "c",
	})
	want := []Label{{"container", "c"}, {"host", "h\uFFFD"}, {"service_name", strings.Repeat("é", 100)}}
	if !slices.Equal(got.Labels, want) {
		t.Errorf("labels = %q, want %q", got.Labels, want)
	}
	odd := identity(map[string]string{"service_name": "x" + strings.Repeat("é", 150)})
	if value := odd.Labels[0].Value; value != "x"+strings.Repeat("é", 99) {
		t.Errorf("cut inside a character: %q", value)
	}
}

func TestRuntimeOfExecutables(t *testing.T) {
	for executable, want := range map[string]string{
		"python3.11": "python", "python": "python", "pypy3": "pypy", "node": "node", "nodeagent": "", "java": "jvm",
		"javac": "", "php-fpm8.2": "php", "beam.smp": "beam", "nginx": "", "": "",
	} {
		if got := runtimeOf(executable); got != want {
			t.Errorf("runtimeOf(%q) = %q, want %q", executable, got, want)
		}
	}
}
