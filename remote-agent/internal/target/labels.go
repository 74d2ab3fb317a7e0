package target

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Names of labels.
const (
	labelServiceName    = "service_name"
	labelHost           = "host"
	labelContainer      = "container"
	labelContainerID    = "container_id"
	labelImage          = "image"
	labelComposeProject = "compose_project"
	labelComposeService = "compose_service"
	labelRuntime        = "runtime"
	labelImageDigest    = "image_digest"
	labelPod            = "pod"
	labelNamespace      = "namespace"
	labelUnit           = "unit"
	// labelServiceRepository and labelServiceGitRef say what source a service was built from.
	labelServiceRepository = "service_repository"
	labelServiceGitRef     = "service_git_ref"
	// labelExited is "true" where a process had ended before it could be looked at, and no container told who it was.
	labelExited = "exited"
	// labelNamedBy is "comm" where the service is named by a thread's name, because the process had ended before its
	// executable could be read.
	labelNamedBy = "named_by"
)

// maxLabelBytes bounds a value: executables and Compose labels are named by whoever runs them.
const maxLabelBytes = 200

// identity makes an Identity of values by name: sorted, without empty values, each valid UTF-8 of bounded length.
func identity(values map[string]string) Identity {
	labels := make([]Label, 0, len(values))
	for name, value := range values {
		if value = cleanLabel(value); value != "" {
			labels = append(labels, Label{Name: name, Value: value})
		}
	}
	slices.SortFunc(labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return Identity{Labels: labels}
}

// cleanLabel makes a value that may stand in a protobuf string.
func cleanLabel(value string) string {
	value = strings.ToValidUTF8(value, "\uFFFD")
	if len(value) <= maxLabelBytes {
		return value
	}
	cut := maxLabelBytes
	for !utf8.RuneStart(value[cut]) {
		cut--
	}
	return value[:cut]
}

// runtimeOf tells the language runtime from an executable's base name, "" when the name tells nothing.
func runtimeOf(executable string) string {
	prefixes := []struct{ prefix, runtime string }{
		{"python", "python"},
		{"pypy", "pypy"},
		{"node", "node"},
		{"java", "jvm"},
		{"ruby", "ruby"},
		{"php", "php"},
		{"perl", "perl"},
		{"dotnet", "dotnet"},
		{"beam", "beam"},
		{"luajit", "luajit"},
	}
	for _, known := range prefixes {
		rest, ok := strings.CutPrefix(executable, known.prefix)
		// "python3.11" and "php-fpm8.2" are, "nodeagent" and "javac" are not.
		if ok && (rest == "" || strings.ContainsRune("0123456789.-", rune(rest[0]))) {
			return known.runtime
		}
	}
	return ""
}
