//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// release is set by the linker (Makefile); a plain go build is a development version.
var release = "0.1.0"

// versionDigits is how much of the binary's SHA-256 tells builds apart.
const versionDigits = 12

// version is "0.1.0+<first 12 hex digits of the binary's SHA-256>", or "0.1.0+dev" when the binary cannot be read.
var version = sync.OnceValue(func() string {
	binary, err := os.Open("/proc/self/exe")
	if err != nil {
		return release + "+dev"
	}
	defer binary.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, binary); err != nil {
		return release + "+dev"
	}
	return release + "+" + hex.EncodeToString(hash.Sum(nil))[:versionDigits]
})

// newerRelease says whether version a is of a later release than b. What stands behind the "+" tells builds apart and
// orders nothing.
func newerRelease(a, b string) bool { return slices.Compare(releaseOf(a), releaseOf(b)) > 0 }

// releaseOf are the numbers of a version; empty for what is no version.
func releaseOf(version string) []int {
	text, _, _ := strings.Cut(version, "+")
	var numbers []int
	for part := range strings.SplitSeq(text, ".") {
		number, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		numbers = append(numbers, number)
	}
	return numbers
}
