package target

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

const dropShells = "- {action: drop, source_labels: [service_name], regex: sh}"

func TestDroppedProcessesArePassedOver(t *testing.T) {
	proc, id := newFakeProc(t), strings.Repeat("c3", 32)
	docker, clock := &fakeContainers{known: map[string]Container{}}, time.Unix(0, 0)
	resolver := newResolver(proc.root, "h", docker, func() time.Time { return clock })
	proc.add(7, 0, 100, "sh", "/bin/sh", noCgroup)
	proc.add(8, 0, 100, "nginx", "/usr/sbin/nginx", noCgroup)
	proc.add(9, 0, 100, "sh", "/bin/sh", "0::/docker/"+id+"\n")
	for _, pid := range []uint32{7, 8, 9} {
		resolver.Note(pid, Hint{})
	}
	expect := func(name string, again bool, want ...uint32) {
		t.Helper()
		if got := resolver.dropped(again); !slices.Equal(got, want) {
			t.Errorf("%s: dropped %v, want %v", name, got, want)
		}
	}
	expect("no rules", true)
	if err := resolver.SetNaming(Naming{RelabelConfigs: dropShells}); err != nil {
		t.Fatal(err)
	}
	expect("the container may yet be told of", true, 7)
	docker.known[id], docker.generation = shop(id), 1
	expect("it was, and is no shell by name", true, 7)
	proc.add(7, 0, 100, "python", "/usr/bin/python3", noCgroup)
	expect("exec, not looked at yet", false, 7)
	expect("exec", true)
	proc.add(10, 0, 100, "sh", "/bin/sh", noCgroup)
	resolver.Note(10, Hint{})
	expect("another", false, 10)
	proc.remove(10)
	expect("it ended", true)
	expect("and stays so", false)
	if !resolver.Identify(10).Dropped {
		t.Error("what it had sampled is not dropped any more")
	}
	proc.add(10, 0, 200, "nginx", "/usr/sbin/nginx", noCgroup)
	expect("its pid is another's", true)
	if err := resolver.SetNaming(Naming{}); err != nil {
		t.Fatal(err)
	}
	expect("no rules any more", true)
}

func TestDroppedProcessesAreToldAtOnce(t *testing.T) {
	proc := newFakeProc(t)
	resolver := newResolver(proc.root, "h", &fakeContainers{}, time.Now)
	if err := resolver.SetNaming(Naming{RelabelConfigs: dropShells}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	told, done := make(chan []uint32, 8), make(chan struct{})
	go func() {
		defer close(done)
		resolver.FollowDropped(ctx, func(pids []uint32) error { told <- pids; return nil }, slog.New(slog.DiscardHandler))
	}()
	proc.add(7, 0, 100, "sh", "/bin/sh", noCgroup)
	resolver.Note(7, Hint{})
	if got := <-told; !slices.Equal(got, []uint32{7}) {
		t.Errorf("told %v", got)
	}
	if err := resolver.SetNaming(Naming{}); err != nil {
		t.Fatal(err)
	}
	if got := <-told; len(got) != 0 {
		t.Errorf("without rules told %v", got)
	}
	cancel()
	<-done
}

func TestSurveyTellsNamesOfNowAndOfAProposal(t *testing.T) {
	proc, id := newFakeProc(t), strings.Repeat("c3", 32)
	resolver := newResolver(proc.root, "h", &fakeContainers{known: map[string]Container{id: shop(id)}}, time.Now)
	proc.add(12, 0, 100, "python", "/usr/bin/python3", "0::/docker/"+id+"\n")
	proc.add(7, 0, 100, "sh", "/bin/sh", noCgroup)
	found, flaw, err := resolver.Survey(&Naming{LeadingSlash: true, RelabelConfigs: dropShells})
	if err != nil || flaw != nil || len(found) != 2 {
		t.Fatalf("%+v, %v, %v", found, flaw, err)
	}
	shell, web := found[0], found[1]
	if shell.PID != 7 || shell.Identity.Dropped || !shell.Proposed.Dropped {
		t.Errorf("the shell: %+v", shell)
	}
	if web.Container.Name != "shop-web-1" || !strings.Contains(text(web.Identity), "service_name=shop-web ") ||
		!strings.Contains(text(web.Proposed), "service_name=/shop-web-1 ") {
		t.Errorf("the container: %+v", web)
	}
	found, flaw, err = resolver.Survey(&Naming{RelabelConfigs: "# two\n- action: keep\n\n- {action: explode}\n"})
	if err != nil || flaw == nil || flaw.Rule != 2 || flaw.Line != 4 || len(found) != 2 || text(found[1].Proposed) != "" {
		t.Errorf("a bad proposal: %+v, %+v, %v", found, flaw, err)
	}
	if len(resolver.known) != 0 {
		t.Error("a survey is remembered")
	}
}

func TestNamingErrorsSayWhere(t *testing.T) {
	for _, test := range []struct {
		rules      string
		rule, line int
	}{
		{"- action: keep\n- action: replace\n", 2, 2},
		{"  - action: keep\n    source_labels:\n      - host\n  - regex: '('\n", 2, 4},
		{"[{action: keep}, {action: explode}]", 2, 0},
		{"- action: keep\n  regex: 'a\n- action: drop\n", 0, 4},
		{"action: keep", 0, 1},
	} {
		_, flaw := compileRules(test.rules)
		if flaw == nil || flaw.Rule != test.rule || flaw.Line != test.line || strings.Contains(flaw.Message, "\n") {
			t.Errorf("%q: %+v, rule %d, line %d, not rule %d, line %d", test.rules, flaw, flaw.Rule, flaw.Line, test.rule, test.line)
		}
	}
}
