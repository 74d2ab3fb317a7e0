package push

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"pyrometer.dev/remote-agent/internal/target"
)

// ErrBadSettings is wrapped by errors of Set that the user can mend.
var ErrBadSettings = errors.New("bad push settings")

type badSettings struct{ text string }

func (b badSettings) Error() string        { return b.text }
func (b badSettings) Is(target error) bool { return target == ErrBadSettings }

// Settings say where windows go.
type Settings struct {
	// URL of the server, for example http://pyroscope:4040; empty: nothing is pushed.
	URL string
	// Headers are sent with every request. They may hold secrets and are never written to disk.
	Headers []Header
	// Labels are added to every series; they replace labels of the same name.
	Labels []target.Label
}

// Header of HTTP.
type Header struct{ Name, Value string }

var (
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	headerName = regexp.MustCompile("^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$")
)

// ownHeaders are set by the pusher; another value would break the request.
var ownHeaders = map[string]bool{"content-type": true, "content-length": true, "content-encoding": true, "host": true, "connection": true, "transfer-encoding": true}

const (
	maxAddedLabels = 10
	maxHeaders     = 20
)

// checked returns the settings as they are used, or an error that says what to mend.
func (s Settings) checked() (Settings, error) {
	s.URL = strings.TrimRight(strings.TrimSpace(s.URL), "/")
	if s.URL != "" {
		if err := checkURL(s.URL); err != nil {
			return Settings{}, err
		}
	}
	if len(s.Headers) > maxHeaders || len(s.Labels) > maxAddedLabels {
		return Settings{}, badSettings{fmt.Sprintf("at most %d headers and %d labels can be set", maxHeaders, maxAddedLabels)}
	}
	for _, header := range s.Headers {
		if !headerName.MatchString(header.Name) || strings.ContainsAny(header.Value, "\r\n\x00") {
			return Settings{}, badSettings{fmt.Sprintf("header %q: its name or value cannot be sent over HTTP", header.Name)}
		}
		if ownHeaders[strings.ToLower(header.Name)] {
			return Settings{}, badSettings{fmt.Sprintf("header %q is set by the agent itself: leave it out", header.Name)}
		}
	}
	for _, label := range s.Labels {
		if !labelName.MatchString(label.Name) || strings.HasPrefix(label.Name, "__") {
			return Settings{}, badSettings{fmt.Sprintf(
				"label %q: names are letters, digits and underscores, do not begin with a digit, and not with two underscores", label.Name)}
		}
		if label.Value == "" || len(label.Value) > 2048 {
			return Settings{}, badSettings{fmt.Sprintf("label %q: its value must have 1 to 2048 bytes", label.Name)}
		}
	}
	return s, nil
}

func checkURL(text string) error {
	parsed, err := url.Parse(text)
	switch {
	case err != nil, parsed.Host == "", parsed.Scheme != "http" && parsed.Scheme != "https":
		// The text itself stays out of the sentence: it may hold a password.
		return badSettings{"the address must be like http://pyroscope.example:4040"}
	case parsed.User != nil:
		return badSettings{"the address must hold no user and password: send an Authorization header instead"}
	case parsed.RawQuery != "" || parsed.Fragment != "":
		return badSettings{"the address must end with the host, port or path: leave out ? and # and what follows"}
	}
	return nil
}

// kept is the form of settings on disk, under settingName. It has no headers.
type kept struct {
	Version int         `json:"version"`
	URL     string      `json:"url"`
	Labels  [][2]string `json:"labels"`
}

const (
	settingName = "push.settings"
	keptVersion = 1
	cursorName  = "push.cursor:" // followed by the URL; holds the id of the last window that is done with, decimal
)

func (s Settings) encode() ([]byte, error) {
	k := kept{Version: keptVersion, URL: s.URL}
	for _, label := range s.Labels {
		k.Labels = append(k.Labels, [2]string{label.Name, label.Value})
	}
	encoded, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encode push settings: %w", err)
	}
	return encoded, nil
}

func decodeSettings(encoded []byte) (Settings, error) {
	if encoded == nil {
		return Settings{}, nil
	}
	var k kept
	if err := json.Unmarshal(encoded, &k); err != nil {
		return Settings{}, fmt.Errorf("decode push settings: %w", err)
	}
	if k.Version != keptVersion {
		return Settings{}, fmt.Errorf("push settings have version %d, this agent knows %d", k.Version, keptVersion)
	}
	s := Settings{URL: k.URL}
	for _, pair := range k.Labels {
		s.Labels = append(s.Labels, target.Label{Name: pair[0], Value: pair[1]})
	}
	return s.checked()
}
