package target

import (
	"regexp"
	"slices"
	"strings"
)

// containerIDPattern matches the 64 hex digits that Docker, containerd and Podman put into a cgroup's path, alone or as in
// "docker-<id>.scope" and "cri-containerd-<id>.scope".
var containerIDPattern = regexp.MustCompile(`(?:^|[^0-9a-f])([0-9a-f]{64})(?:[^0-9a-f]|$)`)

// containerIDs finds the containers that a process is in, innermost first, in the text of /proc/PID/cgroup: cgroup v1
// with one line a controller, v2 with the line "0::PATH", or both. A container in a container has both ids in its path.
//
//	containerIDs("4:memory:/docker/aa…\n0::/\n") = ["aa…"]
func containerIDs(cgroups string) []string {
	var longest []string
	for line := range strings.Lines(cgroups) {
		// hierarchy:controllers:path; the path may hold colons.
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) != 3 {
			continue
		}
		var found []string
		for segment := range strings.SplitSeq(fields[2], "/") {
			if match := containerIDPattern.FindStringSubmatch(segment); match != nil && !slices.Contains(found, match[1]) {
				found = append(found, match[1])
			}
		}
		// With v1 a runtime may leave some controllers at the root: the deepest path knows most.
		if len(found) > len(longest) {
			longest = found
		}
	}
	slices.Reverse(longest)
	return longest
}
