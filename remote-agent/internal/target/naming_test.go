package target

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestServiceOfContainers(t *testing.T) {
	compose := func(number string) map[string]string {
		return map[string]string{composeProjectLabel: "shop", composeServiceLabel: "web", composeNumberLabel: number}
	}
	for _, test := range []struct {
		name   string
		label  map[string]string
		called string
		want   string
	}{
		{"plain", nil, "revel_web", "revel_web"},
		{"compose 2", compose("1"), "shop-web-1", "shop-web"},
		{"compose 1", compose("12"), "shop_web_12", "shop_web"},
		{"a name of the user's", compose("1"), "frontend-1", "frontend-1"},
		{"another number", compose("2"), "shop-web-1", "shop-web-1"},
		{"a number without compose", nil, "web-1", "web-1"},
		{"its own label", map[string]string{serviceLabel: "checkout", composeNumberLabel: "1"}, "shop-web-1", "checkout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := (Container{Name: test.called, Labels: test.label}).service(); got != test.want {
				t.Errorf("service = %q, want %q", got, test.want)
			}
		})
	}
}

func TestUnitOfCgroups(t *testing.T) {
	for _, test := range []struct{ name, cgroups, want string }{
		{"v2", "0::/system.slice/nginx.service\n", "nginx.service"},
		{"v1", "4:memory:/system.slice/other.service\n1:name=systemd:/system.slice/nginx.service\n", "nginx.service"},
		{"of a user", "0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service\n", "web.service"},
		{"a user's manager", "0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", ""},
		{"a session", "0::/user.slice/user-1000.slice/session-3.scope\n", ""},
		{"a template", "0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service"},
		{"below a unit", "0::/system.slice/docker.service/worker\n", "docker.service"},
		{"escaped", "0::/system.slice/_cpu.service\n", "cpu.service"},
		{"none", "0::/\n", ""},
		{"nothing of a name", "0::/system.slice/.service\n", ""},
		{"garbage", "nginx.service", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := unitOf(test.cgroups); got != test.want {
				t.Errorf("unitOf(%q) = %q, want %q", test.cgroups, got, test.want)
			}
		})
	}
}

// shop is a container with all that an engine may tell.
func shop(id string) Container {
	return Container{ID: id, Name: "shop-web-1", Image: "shop:3", ImageDigest: "sha256:aa", Labels: map[string]string{
		composeProjectLabel: "shop", composeServiceLabel: "web", composeNumberLabel: "1", "team.name": "blue",
		imageSourceLabel: "https://git.example/shop", imageRevisionLabel: "4f2a",
	}}
}

func TestNamings(t *testing.T) {
	id := strings.Repeat("c3", 32)
	whole := "compose_project=shop compose_service=web container=shop-web-1 container_id=" + id + " host=h image=shop:3 " +
		"image_digest=sha256:aa runtime=python service_git_ref=4f2a service_name=shop-web service_repository=https://git.example/shop"
	for _, test := range []struct {
		name   string
		naming Naming
		want   string
		drops  bool
	}{
		{"default", Naming{}, whole, false},
		{"as Alloy does", Naming{LeadingSlash: true}, strings.Replace(whole, "service_name=shop-web", "service_name=/shop-web-1", 1), false},
		{"the user's labels", Naming{Labels: []Label{{"env", "prod"}, {"host", "web-1"}}}, strings.NewReplacer(
			" host=h", " env=prod host=web-1").Replace(whole), false},
		{"drop", Naming{RelabelConfigs: "- action: drop\n  source_labels: [compose_service]\n  regex: web|db\n"}, "", true},
		{"keep", Naming{RelabelConfigs: "- {action: keep, source_labels: [image], regex: 'shop:.*'}"}, whole, false},
		{"keep others", Naming{RelabelConfigs: "- {action: keep, source_labels: [image], regex: shop}"}, "", true},
		{
			"labels of the container",
			Naming{RelabelConfigs: "- source_labels: [__meta_docker_container_label_team_name]\n  target_label: team\n"},
			whole + " team=blue", false,
		},
		{"replace, several sources", Naming{RelabelConfigs: "- source_labels: [host, compose_service]\n  separator: '-'\n" +
			"  target_label: service_name\n- {action: labelkeep, regex: service_name}\n"}, "service_name=h-web", false},
		{"a service without a name", Naming{RelabelConfigs: "- {action: labelkeep, regex: host}"}, "host=h service_name=unknown", false},
		{"Alloy's own rule", Naming{RelabelConfigs: "[{source_labels: [__meta_docker_container_name], target_label: service_name}," +
			"{action: labelkeep, regex: service_name}]"}, "service_name=/shop-web-1", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			proc := newFakeProc(t)
			proc.add(7, 0, 100, "python", "/usr/bin/python3", "0::/docker/"+id+"\n")
			resolver := newResolver(proc.root, "h", &fakeContainers{known: map[string]Container{id: shop(id)}}, time.Now)
			resolver.Note(7, Hint{})
			if got := text(resolver.Identify(7)); got != whole {
				t.Fatalf("before = %s", got)
			}
			if err := resolver.SetNaming(test.naming); err != nil {
				t.Fatal(err)
			}
			got := resolver.Identify(7)
			if text(got) != test.want || got.Dropped != test.drops {
				t.Errorf("identity = %s, dropped %t\nwant       %s", text(got), got.Dropped, test.want)
			}
		})
	}
}

func TestBadNamingsAreExplained(t *testing.T) {
	resolver := newResolver("/nowhere", "h", &fakeContainers{}, time.Now)
	if err := resolver.SetNaming(Naming{LeadingSlash: true}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		naming Naming
		says   string
	}{
		{"a label's name", Naming{Labels: []Label{{"a-b", "x"}}}, "letters, digits and underscores"},
		{"a reserved name", Naming{Labels: []Label{{"__name__", "x"}}}, "two underscores"},
		{"a label without a value", Naming{Labels: []Label{{"env", ""}}}, "1 to 200 bytes"},
		{"many labels", Naming{Labels: make([]Label, 21)}, "at most 20"},
		{"no YAML", Naming{RelabelConfigs: "- ["}, "cannot be read"},
		{"no list", Naming{RelabelConfigs: "action: keep"}, "cannot be read"},
		{"a misspelt field", Naming{RelabelConfigs: "- {action: keep, source_label: [a]}"}, "source_label"},
		{"an unknown action", Naming{RelabelConfigs: "- {action: explode}"}, "explode"},
		{"a broken expression", Naming{RelabelConfigs: "- {action: keep, regex: '('}"}, "cannot be read"},
		{"no target", Naming{RelabelConfigs: "- {action: keep}\n- {action: replace}"}, "relabel rule 2"},
		{"an empty rule", Naming{RelabelConfigs: "-"}, "rule 1 is empty"},
		{"long", Naming{RelabelConfigs: strings.Repeat("#", maxRuleBytes+1)}, "bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := resolver.SetNaming(test.naming)
			if !errors.Is(err, ErrBadNaming) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("SetNaming = %v, want a word of %q", err, test.says)
			}
		})
	}
	if !resolver.Naming().LeadingSlash {
		t.Error("a refused naming changed what was set")
	}
}

func TestIdentityIsProvisionalUntilTheEngineTells(t *testing.T) {
	id := strings.Repeat("c3", 32)
	proc, docker, clock := newFakeProc(t), &fakeContainers{known: map[string]Container{}}, time.Unix(0, 0)
	resolver := newResolver(proc.root, "h", docker, func() time.Time { return clock })
	proc.add(7, 0, 100, "sh", "/bin/sh", "0::/docker/"+id+"\n")
	resolver.Note(7, Hint{})
	if !resolver.Identify(7).Provisional {
		t.Error("an unknown container is not provisional")
	}
	partial := shop(id)
	partial.Incomplete = true
	docker.known[id], docker.generation = partial, 1
	if got := resolver.Identify(7); !got.Provisional || !strings.Contains(text(got), "service_name=shop-web") {
		t.Errorf("without the image = %+v", got)
	}
	docker.known[id], docker.generation = shop(id), 2
	if got := resolver.Identify(7); got.Provisional {
		t.Errorf("known = %+v", got)
	}
	// Where no engine ever tells, waiting ends.
	proc.add(8, 0, 100, "sh", "/bin/sh", "0::/docker/"+strings.Repeat("d4", 32)+"\n")
	resolver.Note(8, Hint{})
	clock = clock.Add(provisionalInterval)
	if resolver.Identify(8).Provisional {
		t.Error("provisional for ever")
	}
}

func FuzzRelabelRules(f *testing.F) {
	for _, seed := range []string{"", "- {action: drop}", "- source_labels: [a]\n  target_label: ${1}_x\n  regex: (.*)\n", "[{action: hashmod, modulus: 3, target_label: b}]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		compiled, flaw := Naming{RelabelConfigs: text}.compile()
		if flaw != nil {
			return
		}
		got := compiled.apply(map[string]string{"service_name": "web", "host": "h"}, map[string]string{"__meta_process_comm": "web"})
		for _, label := range got.Labels {
			if strings.HasPrefix(label.Name, "__") || label.Value == "" {
				t.Errorf("%q made %+v", text, got.Labels)
			}
		}
		if got.Dropped == (len(got.Labels) > 0) {
			t.Errorf("%q made %+v", text, got)
		}
	})
}
