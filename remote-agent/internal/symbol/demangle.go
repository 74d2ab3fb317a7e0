package symbol

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ianlancetaylor/demangle"
)

const (
	// longestMangled is the longest name that is demangled: the work grows faster than the name.
	longestMangled = 4 << 10
	// longestDemangled is a power of two: names of at most 4,096 bytes. A mangled name of 100 bytes can stand for gigabytes.
	longestDemangled = 12
)

// displayName makes a name for people out of a name of a symbol table: C++ and Rust demangled, without parameters and
// without clone suffixes (".cold", ".part.0"), so that a function is one name; template arguments stay, they tell functions apart.
// C and Go names come back as they are. panicked says that the demangler failed in a way that it should not.
func displayName(name string) (display string, panicked bool) {
	if len(name) > longestMangled || !isMangled(name) {
		return name, false
	}
	defer func() {
		if recover() != nil {
			display, panicked = name, true
		}
	}()
	demangled, err := demangle.ToString(name, demangle.NoParams, demangle.NoEnclosingParams, demangle.MaxLength(longestDemangled))
	if err != nil || demangled == "" {
		return name, false // Not an error: a C function may be called _Zebra.
	}
	return cleanName(demangled), false
}

func isMangled(name string) bool {
	return strings.HasPrefix(name, "_Z") || strings.HasPrefix(name, "_R") || strings.HasPrefix(name, "___Z") ||
		strings.HasPrefix(name, "_GLOBAL_")
}

// cleanName makes hostile bytes fit for protobuf, terminals and screens: valid UTF-8, with U+FFFD in place of control and
// formatting characters (line breaks, escape sequences, text direction). The result shares no memory with a table.
func cleanName(name string) string {
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "\uFFFD")
	}
	for i := range len(name) {
		if char := name[i]; char < ' ' || char >= 0x7f {
			return strings.Map(func(r rune) rune {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
					return '\uFFFD'
				}
				return r
			}, name)
		}
	}
	return strings.Clone(name)
}
