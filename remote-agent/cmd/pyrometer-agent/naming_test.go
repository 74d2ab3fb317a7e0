//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
)

const givenNaming = `{"version":1,"labels":[["env","prod"]],"leading_slash":true,"relabel_configs":"- {action: drop, source_labels: [service_name], regex: cron}\n"}`

func TestANamingReachesTheDaemonAndIsChecked(t *testing.T) {
	parse := func(arguments ...string) (options, error) {
		var parsed options
		flags := flag.NewFlagSet("start", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		parsed.register(flags)
		return parsed, flags.Parse(arguments)
	}
	given, err := parse("--uid", "0", "--naming", givenNaming)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := parse(given.arguments()...); err != nil || again.naming != givenNaming {
		t.Errorf("%q, %v", again.naming, err)
	}
	if none, err := parse("--uid", "0"); err != nil || none.naming != "" || strings.Contains(fmt.Sprint(none.arguments()), "naming") {
		t.Errorf("%+v, %v", none, err)
	}
	for wrong, said := range map[string]string{
		"":                         "read the naming",
		"[]":                       "read the naming",
		`{"version":2}`:            "version 2",
		`{"version":1,"labels":1}`: "read the naming",
		`{"version":1,"labels":[["no name","x"]]}`:                   "names are letters",
		`{"version":1,"relabel_configs":"- {action: explode}"}`:      "relabel rule 1",
		`{"version":1,"labels":[["env",""]],"relabel_configs":""}`:   "its value must have",
		`{"version":1,"labels":[["env","x"]],"relabel_configs":"["}`: "",
	} {
		if _, err := parse("--uid", "0", "--naming", wrong); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestAGivenNamingIsTakenUpOnceAStart(t *testing.T) {
	opened, err := store.Open(t.Context(), store.Options{Directory: filepath.Join(t.TempDir(), "store")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	// env after an agent was started with a naming.
	started := func(given string) (namings, string) {
		t.Helper()
		naming := namings{target.NewResolver("h", target.Engines{}), opened}
		if err := naming.load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := naming.take(t.Context(), given); err != nil {
			t.Fatal(err)
		}
		labels := naming.resolver.Naming().Labels
		if len(labels) == 0 {
			return naming, ""
		}
		return naming, labels[0].Value
	}
	first, err := marked(givenNaming, "one")
	if err != nil {
		t.Fatal(err)
	}
	if _, env := started(""); env != "" {
		t.Errorf("without one: %q", env)
	}
	running, env := started(first)
	if env != "prod" || !running.resolver.Naming().LeadingSlash {
		t.Errorf("at the first start: %q", env)
	}
	if err := running.Set(t.Context(), target.Naming{Labels: []target.Label{{Name: "env", Value: "later"}}}); err != nil {
		t.Fatal(err)
	}
	if _, env := started(first); env != "later" {
		t.Errorf("after a reboot: %q", env)
	}
	second, err := marked(givenNaming, "two")
	if err != nil {
		t.Fatal(err)
	}
	if _, env := started(second); env != "prod" {
		t.Errorf("at another start: %q", env)
	}
}
