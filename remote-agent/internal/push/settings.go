package push

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"pyrometer.dev/remote-agent/internal/target"
)

// ErrBadSettings is wrapped by errors of Set that the user can mend.
var ErrBadSettings = errors.New("bad push settings")

type badSettings struct{ text string }

func (b badSettings) Error() string        { return b.text }
func (b badSettings) Is(target error) bool { return target == ErrBadSettings }

// Server is where windows go. One is told from another by its address and tenant.
type Server struct {
	// URL of the server, for example http://pyroscope:4040.
	URL string
	// Tenant is sent as X-Scope-OrgID; empty where the server has no tenants.
	Tenant string
	// Headers are sent with every request. They may hold secrets.
	Headers []Header
	// Labels are added to every series; they replace labels of the same name.
	Labels      []target.Label
	Credentials Credentials
	// CA are certificates in PEM that the server's may be signed with, beside those that the system trusts.
	CA string
}

// Header of HTTP.
type Header struct{ Name, Value string }

// Credentials are a user with a password, or a token; or nothing.
type Credentials struct{ User, Password, Token string }

// String keeps secrets out of logs and messages.
func (c Credentials) String() string { return "credentials: " + c.Kind() }

// GoString is String.
func (c Credentials) GoString() string { return c.String() }

// Kind is "none", "basic" or "bearer".
func (c Credentials) Kind() string {
	switch {
	case c.Token != "":
		return "bearer"
	case c.User != "" || c.Password != "":
		return "basic"
	default:
		return "none"
	}
}

var (
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	headerName = regexp.MustCompile("^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$")
	// tenantName is what Pyroscope's own check lets through.
	tenantName = regexp.MustCompile(`^[a-zA-Z0-9!_.*'()-]{1,150}$`)
)

const tenantHeader = "X-Scope-OrgID"

// ownHeaders are set by the pusher; another value would break the request, or say what the settings say otherwise.
var ownHeaders = map[string]bool{
	"content-type": true, "content-length": true, "content-encoding": true, "host": true, "connection": true, "transfer-encoding": true,
	"x-scope-orgid": true,
}

const (
	maxServers      = 8
	maxAddedLabels  = 10
	maxHeaders      = 20
	maxSecretBytes  = 16 << 10
	maxCertificates = 256 << 10
)

// key tells one server from another, and ends the name of the setting that keeps its place.
func (s *Server) key() string {
	if s.Tenant == "" {
		return s.URL
	}
	return s.URL + " " + s.Tenant
}

// checked returns the server as it is used, or an error that says what to mend. The error never holds a secret.
func (s Server) checked() (Server, error) {
	s.URL, s.Tenant = normalURL(s.URL), strings.TrimSpace(s.Tenant)
	if err := checkURL(s.URL); err != nil {
		return Server{}, err
	}
	if s.Tenant != "" && (!tenantName.MatchString(s.Tenant) || s.Tenant == "." || s.Tenant == "..") {
		return Server{}, badSettings{"a tenant has 1 to 150 letters, digits and !-_.*'()"}
	}
	if len(s.Headers) > maxHeaders || len(s.Labels) > maxAddedLabels {
		return Server{}, badSettings{fmt.Sprintf("at most %d headers and %d labels can be set", maxHeaders, maxAddedLabels)}
	}
	for _, check := range []func() error{s.checkHeaders, s.checkLabels, s.checkCredentials, s.checkCertificates} {
		if err := check(); err != nil {
			return Server{}, err
		}
	}
	return s, nil
}

func (s *Server) checkHeaders() error {
	for _, header := range s.Headers {
		if !headerName.MatchString(header.Name) || strings.ContainsAny(header.Value, "\r\n\x00") || len(header.Value) > maxSecretBytes {
			return badSettings{fmt.Sprintf("header %q cannot be sent: look at its name and value", header.Name)}
		}
		if ownHeaders[strings.ToLower(header.Name)] {
			return badSettings{fmt.Sprintf("header %q is set by the agent itself: leave it out", header.Name)}
		}
		if strings.EqualFold(header.Name, "Authorization") && s.Credentials.Kind() != "none" {
			return badSettings{"set an Authorization header or credentials, not both"}
		}
	}
	return nil
}

func (s *Server) checkLabels() error {
	for _, label := range s.Labels {
		if !labelName.MatchString(label.Name) || strings.HasPrefix(label.Name, "__") {
			return badSettings{fmt.Sprintf(
				"label %q: names are letters, digits and underscores, do not begin with a digit, and not with two underscores", label.Name)}
		}
		if label.Value == "" || len(label.Value) > 2048 {
			return badSettings{fmt.Sprintf("label %q: its value must have 1 to 2048 bytes", label.Name)}
		}
	}
	return nil
}

func (s *Server) checkCredentials() error {
	c := s.Credentials
	switch {
	case c.Token != "" && (c.User != "" || c.Password != ""):
		return badSettings{"set a user with a password or a token, not both"}
	case c.Kind() == "basic" && (c.User == "" || strings.Contains(c.User, ":")):
		return badSettings{"a user has at least one character and no colon"}
	case strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return badSettings{"a token has no blanks and only characters of ASCII"}
	case len(c.User)+len(c.Password)+len(c.Token) > maxSecretBytes:
		return badSettings{fmt.Sprintf("credentials have at most %d bytes", maxSecretBytes)}
	}
	return nil
}

func (s *Server) checkCertificates() error {
	switch {
	case s.CA == "":
		return nil
	case len(s.CA) > maxCertificates || !x509.NewCertPool().AppendCertsFromPEM([]byte(s.CA)):
		return badSettings{"the certificates are not PEM: a text that begins with -----BEGIN CERTIFICATE-----"}
	case !strings.HasPrefix(s.URL, "https://"):
		return badSettings{"certificates are for an address that begins with https://"}
	}
	return nil
}

// normalURL is how an address is kept.
func normalURL(text string) string { return strings.TrimRight(strings.TrimSpace(text), "/") }

func checkURL(text string) error {
	parsed, err := url.Parse(text)
	switch {
	case err != nil, parsed.Host == "", parsed.Scheme != "http" && parsed.Scheme != "https":
		// The text itself stays out of the sentence: it may hold a password.
		return badSettings{"the address must be like http://pyroscope.example:4040"}
	case parsed.User != nil:
		return badSettings{"the address must hold no user and password: give them as credentials"}
	case parsed.RawQuery != "" || parsed.Fragment != "":
		return badSettings{"the address must end with the host, port or path: leave out ? and # and what follows"}
	}
	return nil
}

// kept is the form of settings on disk, under settingName: in the store, whose directory only the agent's user and root may
// enter. It holds the credentials, since an agent that starts after a reboot has nobody to ask for them.
// Changes: 1 had one server, in url and labels, and no secrets.
type kept struct {
	Version int          `json:"version"`
	URL     string       `json:"url,omitempty"`
	Labels  [][2]string  `json:"labels,omitempty"`
	Servers []keptServer `json:"servers"`
}

type keptServer struct {
	URL      string      `json:"url"`
	Tenant   string      `json:"tenant,omitempty"`
	Labels   [][2]string `json:"labels,omitempty"`
	Headers  [][2]string `json:"headers,omitempty"`
	User     string      `json:"user,omitempty"`
	Password string      `json:"password,omitempty"`
	Token    string      `json:"token,omitempty"`
	CA       string      `json:"ca,omitempty"`
}

const (
	settingName = "push.settings"
	keptVersion = 2
	cursorName  = "push.cursor:" // followed by the server's key
)

func encodeServers(servers []Server) ([]byte, error) {
	k := kept{Version: keptVersion, Servers: []keptServer{}}
	for _, s := range servers {
		one := keptServer{URL: s.URL, Tenant: s.Tenant, User: s.Credentials.User, Password: s.Credentials.Password, Token: s.Credentials.Token, CA: s.CA}
		for _, label := range s.Labels {
			one.Labels = append(one.Labels, [2]string{label.Name, label.Value})
		}
		for _, header := range s.Headers {
			one.Headers = append(one.Headers, [2]string{header.Name, header.Value})
		}
		k.Servers = append(k.Servers, one)
	}
	encoded, err := json.Marshal(k)
	if err != nil {
		return nil, errors.New("encode push settings") // the cause could hold a secret
	}
	return encoded, nil
}

func decodeServers(encoded []byte) ([]Server, error) {
	if encoded == nil {
		return nil, nil
	}
	var k kept
	if json.Unmarshal(encoded, &k) != nil {
		return nil, errors.New("decode push settings: they are damaged")
	}
	switch {
	case k.Version == 1 && k.URL != "":
		k.Servers = []keptServer{{URL: k.URL, Labels: k.Labels}}
	case k.Version != 1 && k.Version != keptVersion:
		return nil, fmt.Errorf("push settings have version %d, this agent knows %d", k.Version, keptVersion)
	}
	var servers []Server
	for _, one := range k.Servers {
		s := Server{URL: one.URL, Tenant: one.Tenant, Credentials: Credentials{one.User, one.Password, one.Token}, CA: one.CA}
		for _, pair := range one.Labels {
			s.Labels = append(s.Labels, target.Label{Name: pair[0], Value: pair[1]})
		}
		for _, pair := range one.Headers {
			s.Headers = append(s.Headers, Header{pair[0], pair[1]})
		}
		s, err := s.checked()
		if err != nil {
			return nil, err
		}
		servers = append(servers, s)
	}
	return slices.Clip(servers), nil
}
