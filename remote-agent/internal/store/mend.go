package store

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/symbol"
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

// Lacks says whether a file's addresses lack names that could be had.
func (c *Coverage) Lacks() bool {
	switch {
	case c.LinedNs > 0, c.UnnamedFrameNs()*20 < c.FrameNs:
		return false // Its symbols are there: some addresses belong to no function, as those of jump tables between files.
	default:
		return c.Mapping.Path != "[vdso]"
	}
}

// Mend says what gives the addresses of a file their names, "" where nothing is missing. owner is the package that the file
// came with, as far as it is known.
func (c *Coverage) Mend(owner symbol.Owner) string {
	switch {
	case !c.Lacks():
		return ""
	case c.Mapping.Path == "":
		return "code made at run time has no file to be named from: it gets names where its runtime writes a perf map"
	case symbol.IsPerfMap(c.Mapping.Path):
		return "the runtime has not written these functions into its perf map " + path.Base(c.Mapping.Path)
	}
	// Of most files the unwinder tells the base name only; the process knows the rest.
	at := cmp.Or(owner.Path, c.Mapping.Path)
	return "debug symbols of " + path.Base(at) + " are not installed: " + howToInstall(at, c.Mapping.BuildID, owner)
}

func howToInstall(at, buildID string, owner symbol.Owner) string {
	file := path.Base(at)
	distribution := strings.HasPrefix(at, "/usr/") && !strings.HasPrefix(at, "/usr/local/") || strings.HasPrefix(at, "/lib")
	switch {
	case owner.Manager == symbol.ManagerDpkg && owner.Package != "":
		return debianSymbols(owner)
	case owner.Manager == symbol.ManagerApk && owner.Package != "":
		return "apk add " + owner.Package + "-dbg in the image, where Alpine has that package"
	case owner.Manager == symbol.ManagerRpm && distribution && plainPath.MatchString(at):
		return "dnf debuginfo-install $(rpm -qf " + at + ")"
	case strings.HasPrefix(file, "ld-musl-") || strings.HasPrefix(file, "libc.musl-"):
		return "apk add musl-dbg"
	case glibc.MatchString(file) && distribution:
		return "apt-get install libc6-dbg (Debian, Ubuntu) or debuginfo-install glibc (Fedora, RHEL)"
	case debianPython.MatchString(file) && distribution:
		return "apt-get install python" + debianPython.FindStringSubmatch(file)[1] + "-dbg (Debian, Ubuntu)"
	case buildID == "" || !distribution:
		return "build it with -g and do not strip it, or put its debug file next to it"
	default:
		return "apt-get install the -dbgsym package of " + at + " (Debian, Ubuntu; dpkg -S names the package), or put its debug file at " +
			"/usr/lib/debug/.build-id/" + buildID[:min(2, len(buildID))] + "/" + buildID[min(2, len(buildID)):] + ".debug on the server"
	}
}

// plainPath needs no quoting in a shell.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._+-]+$`)

var debianPythonPackage = regexp.MustCompile(`^(?:lib)?(python3\.\d+)(?:-minimal|-stdlib)?$`)

// debianSymbols names the package of the debug symbols. Only symbols of the very same build fit.
func debianSymbols(owner symbol.Owner) string {
	version := ""
	if owner.Version != "" {
		version = " of version " + owner.Version
	}
	where := version + ", in the image or on the server"
	if python := debianPythonPackage.FindStringSubmatch(owner.Package); python != nil {
		return "apt-get install " + python[1] + "-dbg" + where
	}
	switch owner.Package {
	case "libc6", "libc-bin":
		return "apt-get install libc6-dbg" + where
	default:
		return "apt-get install " + owner.Package + "-dbgsym" + where + " (from the archive of debug symbols)"
	}
}
