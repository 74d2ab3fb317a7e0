//go:build !linux

// Command pyrometer-agent runs on Linux only; elsewhere it says so.
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "The agent runs on Linux, not on %s: it needs Linux's eBPF.\n", runtime.GOOS)
	os.Exit(1)
}
