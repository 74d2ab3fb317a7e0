//go:build linux

package main

import (
	"flag"
	"io"
	"slices"
	"testing"
)

func TestDebuginfodServersReachTheDaemon(t *testing.T) {
	parse := func(arguments ...string) (options, error) {
		var parsed options
		flags := flag.NewFlagSet("start", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		parsed.register(flags)
		return parsed, flags.Parse(arguments)
	}
	given, err := parse("--uid", "0", "--debuginfod", "https://one.example", "--debuginfod", "http://two.example:8002/")
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse(given.arguments()...)
	if err != nil || !slices.Equal(again.debuginfod, []string{"https://one.example", "http://two.example:8002/"}) {
		t.Errorf("%v, %v", again.debuginfod, err)
	}
	if none, err := parse("--uid", "0"); err != nil || len(none.debuginfod) > 0 {
		t.Errorf("asked without being told: %v, %v", none.debuginfod, err)
	}
	for _, wrong := range []string{"", "file:///etc", "debuginfod.debian.net", "ftp://host", "https://"} {
		if _, err := parse("--uid", "0", "--debuginfod", wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
