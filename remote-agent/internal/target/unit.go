package target

import "strings"

// unitOf is the systemd service that a process belongs to, from the text of /proc/PID/cgroup; "" when it is in none. Of
// nested ones the innermost counts; a user's manager ("user@1000.service") only holds the services of that user, and
// scopes hold sessions and programs that nobody gave a name.
//
//	unitOf("0::/system.slice/nginx.service\n") = "nginx.service"
//	unitOf("0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service\n") = "web.service"
func unitOf(cgroups string) string {
	unit := ""
	for line := range strings.Lines(cgroups) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		// Only systemd's own hierarchies: v2, and "name=systemd" of v1.
		if len(fields) != 3 || fields[1] != "" && fields[1] != "name=systemd" {
			continue
		}
		for segment := range strings.SplitSeq(fields[2], "/") {
			if strings.HasSuffix(segment, ".service") && !strings.HasPrefix(segment, "user@") && segment != ".service" {
				unit = unescapeUnit(segment)
			}
		}
	}
	return unit
}

// unescapeUnit undoes what systemd does to names that its cgroups may not have: a leading underscore before those that
// would be files of the kernel ("_cpu.service"), see systemd's cg_escape.
func unescapeUnit(segment string) string { return strings.TrimPrefix(segment, "_") }
