//go:build linux

package main

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"pyrometer.dev/remote-agent/internal/privilege"
)

// sentence makes an error readable: a refusal as it is, any other with a capital letter and a full stop.
func sentence(err error) string {
	var refusal *privilege.Refusal
	if errors.As(err, &refusal) {
		return refusal.Message
	}
	text := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
