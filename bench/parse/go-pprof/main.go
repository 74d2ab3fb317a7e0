// Goparse is the peer of bench/parse: profile.ParseData of Go's own pprof tools, alone. It reads the file named by its argument once,
// then parses it each time a line comes in, and writes how many milliseconds that took.
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"

	"github.com/google/pprof/profile"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		return fmt.Errorf("read profile: %w", err)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		begun := time.Now()
		if _, err := profile.ParseData(data); err != nil {
			return fmt.Errorf("parse profile: %w", err)
		}
		fmt.Println(float64(time.Since(begun).Microseconds()) / 1000)
	}
	return nil
}
