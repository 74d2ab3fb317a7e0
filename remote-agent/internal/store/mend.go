package store

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"pyrometer.dev/remote-agent/internal/engine"
)

// Runtime is a language that a service runs, as far as frames and file names tell.
type Runtime struct {
	// Name for people, "Python"; Version is "" where no file tells it.
	Name, Version string
}

// runtimeNames are the kinds of frames that stand for a runtime.
var runtimeNames = map[engine.FrameKind]string{
	engine.KindPython: "Python", "php": "PHP", "hotspot": "JVM", "ruby": "Ruby", "perl": "Perl", "v8": "Node.js", "dotnet": ".NET",
	"luajit": "LuaJIT", "go": "Go", "beam": "BEAM",
}

// runtimeFiles find a version in the path of a file that a runtime lies in.
var runtimeFiles = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"Python", regexp.MustCompile(`(?:^|/)(?:libpython|python)(3\.\d+|2\.7)[a-z]*(?:\.so[.\d]*)?$`)},
	{"JVM", regexp.MustCompile(`/(?:java-|jdk-?|openjdk-|jre-)(\d+(?:\.\d+)*)[^/]*/(?:.*/)?libjvm\.so$`)},
	{"Ruby", regexp.MustCompile(`(?:^|/)libruby(?:-|\.so\.)(\d+\.\d+)[.\d]*(?:\.so[.\d]*)?$`)},
	{"Perl", regexp.MustCompile(`(?:^|/)libperl\.so\.(\d+\.\d+)[.\d]*$`)},
	{"PHP", regexp.MustCompile(`(?:^|/)(?:php|php-fpm|libphp)(\d\.\d+)(?:\.so)?$`)},
	{"Node.js", regexp.MustCompile(`/node(?:/|-)?v?(\d+\.\d+\.\d+)[^/]*/bin/node$`)},
	{".NET", regexp.MustCompile(`/Microsoft\.NETCore\.App/(\d+\.\d+\.\d+)[^/]*/libcoreclr\.so$`)},
}

func runtimesOf(kinds map[engine.FrameKind]bool, paths map[string]bool) []Runtime {
	versions := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(paths)) {
		for _, known := range runtimeFiles {
			if found := known.pattern.FindStringSubmatch(file); found != nil {
				versions[known.name] = found[1]
			}
		}
	}
	var runtimes []Runtime
	for kind := range kinds {
		if name, ok := runtimeNames[kind]; ok {
			runtimes = append(runtimes, Runtime{Name: name, Version: versions[name]})
		}
	}
	slices.SortFunc(runtimes, func(a, b Runtime) int { return cmp.Compare(a.Name, b.Name) })
	return slices.Compact(runtimes)
}

// glibc are the files of Debian's and Ubuntu's libc6, whose debug symbols are the package libc6-dbg.
var glibc = regexp.MustCompile(`^(?:libc|libm|libpthread|libdl|librt|libresolv|libnss_\w+|ld-linux[\w-]*)(?:-2\.\d+)?\.so(?:\.\d+)?$`)

var debianPython = regexp.MustCompile(`^(?:libpython|python)(3\.\d+)(?:\.so[.\d]*)?$`)

// mendOf says what gives the addresses of a file their names, or their lines.
func mendOf(c *Coverage) string {
	file := path.Base(c.Path)
	switch {
	case c.LinedNs > 0, (c.ValueNs-c.NamedNs)*20 < c.ValueNs:
		return "" // Its symbols are there: some addresses belong to no function, as those of jump tables between files.
	case c.Path == "":
		return "code made at run time has no file to be named from; runtimes with a profiler's map (perf map) are not read yet"
	case c.Path == "[vdso]":
		return ""
	}
	return "debug symbols of " + file + " are not installed: " + howToInstall(file, c)
}

func howToInstall(file string, c *Coverage) string {
	distribution := strings.HasPrefix(c.Path, "/usr/") && !strings.HasPrefix(c.Path, "/usr/local/") ||
		strings.HasPrefix(c.Path, "/lib")
	switch {
	case strings.HasPrefix(file, "ld-musl-") || strings.HasPrefix(file, "libc.musl-"):
		return "apk add musl-dbg"
	case glibc.MatchString(file) && distribution:
		return "apt-get install libc6-dbg (Debian, Ubuntu) or debuginfo-install glibc (Fedora, RHEL)"
	case debianPython.MatchString(file) && distribution:
		return "apt-get install python" + debianPython.FindStringSubmatch(file)[1] + "-dbg (Debian, Ubuntu)"
	case c.BuildID == "" || !distribution:
		return "build it with -g and do not strip it, or put its debug file next to it"
	default:
		return "apt-get install the -dbgsym package of " + c.Path + " (Debian, Ubuntu; dpkg -S names the package), or put its debug file at " +
			"/usr/lib/debug/.build-id/" + c.BuildID[:min(2, len(c.BuildID))] + "/" + c.BuildID[min(2, len(c.BuildID)):] + ".debug on the server"
	}
}
