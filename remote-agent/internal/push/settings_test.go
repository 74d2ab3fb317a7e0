package push

import (
	"fmt"
	"strings"
	"testing"

	"pyrometer.dev/remote-agent/internal/target"
)

func TestBadSettings(t *testing.T) {
	p, err := New(t.Context(), Options{Store: openStore(t)})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		server Server
		says   string
	}{
		"no scheme":   {Server{URL: "pyroscope:4040"}, "must be like http://"},
		"ftp":         {Server{URL: "ftp://x"}, "must be like http://"},
		"no host":     {Server{URL: "http://"}, "must be like http://"},
		"password":    {Server{URL: "http://u:secret@h"}, "give them as credentials"},
		"query":       {Server{URL: "http://h/?a=b"}, "leave out ?"},
		"header":      {Server{URL: "http://h", Headers: []Header{{"a b", "x"}}}, "cannot be sent"},
		"smuggled":    {Server{URL: "http://h", Headers: []Header{{"a", "x\r\nHost: y"}}}, "cannot be sent"},
		"own header":  {Server{URL: "http://h", Headers: []Header{{"content-type", "x"}}}, "by the agent itself"},
		"label":       {Server{URL: "http://h", Labels: []target.Label{{Name: "a-b", Value: "x"}}}, "names are letters"},
		"own label":   {Server{URL: "http://h", Labels: []target.Label{{Name: "__name__", Value: "x"}}}, "two underscores"},
		"tenant":      {Server{URL: "http://h", Tenant: "a/b"}, "a tenant has"},
		"both":        {Server{URL: "http://h", Credentials: Credentials{User: "u", Token: "secret"}}, "not both"},
		"twice":       {Server{URL: "http://h", Credentials: Credentials{Token: "secret"}, Headers: []Header{{"authorization", "secret"}}}, "not both"},
		"colon":       {Server{URL: "http://h", Credentials: Credentials{User: "u:v", Password: "secret"}}, "no colon"},
		"lines":       {Server{URL: "http://h", Credentials: Credentials{Token: "secret\nX: y"}}, "no blanks"},
		"no PEM":      {Server{URL: "https://h", CA: "secret"}, "not PEM"},
		"empty label": {Server{URL: "http://h", Labels: []target.Label{{Name: "a"}}}, "1 to 2048"},
	} {
		t.Run(name, func(t *testing.T) {
			err := p.Set(t.Context(), test.server, false)
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestDamagedSettingsDoNotStopTheAgent(t *testing.T) {
	kept := openStore(t)
	if err := kept.SetSetting(t.Context(), settingName, []byte("{")); err != nil {
		t.Fatal(err)
	}
	p, err := New(t.Context(), Options{Store: kept})
	if err != nil || len(p.Status()) != 0 {
		t.Errorf("%v %v", p, err)
	}
}

func TestSettingsOfEarlierVersions(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	add(t, kept, "web", at(0), 1)
	add(t, kept, "web", at(15), 1)
	for name, value := range map[string]string{
		settingName:             fmt.Sprintf(`{"version":1,"url":%q,"labels":[["env","old"]]}`, remote.URL),
		cursorName + remote.URL: "1",
	} {
		if err := kept.SetSetting(t.Context(), name, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	p, _ := startPushers(t, kept)
	until(t, p, "the second window", func(s Status) bool { return s.Pushed == 1 && s.Waiting == 0 })
	if got := remote.got(); len(got) != 1 || !strings.Contains(got[0], "env=old") || !strings.Contains(got[0], "@15000") {
		t.Errorf("%v", got)
	}
}
