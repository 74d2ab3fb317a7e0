package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
	"pyrometer.dev/remote-agent/internal/netmeter"
)

const (
	pushPath       = "/push.v1.PusherService/Push"
	selectPath     = "/querier.v1.QuerierService/SelectSeries"
	requestTimeout = 30 * time.Second
	maxAnswerBytes = 64 << 10
)

// failure is why a profile was not taken.
type failure struct {
	// sentence for people: what is wrong and what to do.
	sentence string
	// refused: this profile will never be taken; otherwise it is worth trying again.
	refused bool
	// oldest is from when on the server takes profiles, where it refused one for its time; else zero.
	oldest time.Time
	// tooMuch: the server takes no more for now.
	tooMuch bool
	// closed: what answers does not do that, or not for this client.
	closed bool
	// after is how long the server asked to wait, 0 when it did not.
	after time.Duration
	// unsure: the profile may have been taken all the same.
	unsure bool
}

func (f *failure) Error() string { return f.sentence }

// client speaks with one server.
type client struct {
	server *Server
	http   *http.Client
}

func newClient(server *Server) (*client, error) {
	transport := &http.Transport{
		DialContext:            netmeter.Counted((&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext),
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  requestTimeout,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    1,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if server.CA != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool() // a system without certificates, as in a bare container
		}
		if !roots.AppendCertsFromPEM([]byte(server.CA)) {
			return nil, badSettings{"the certificates are not PEM"}
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &client{server: server, http: &http.Client{
		Timeout: requestTimeout, Transport: transport,
		// A redirected POST becomes a GET of a login page: say so instead.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// post sends a request of the Connect protocol; the error is a *failure, or the context's.
func (c *client) post(ctx context.Context, path string, body []byte) (*http.Response, []byte, error) {
	address := c.server.URL
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, &failure{sentence: "The address of the Pyroscope server cannot be used: set it anew."}
	}
	for _, header := range c.server.Headers {
		request.Header.Set(header.Name, header.Value)
	}
	if c.server.Tenant != "" {
		request.Header.Set(tenantHeader, c.server.Tenant)
	}
	switch credentials := c.server.Credentials; credentials.Kind() {
	case "basic":
		request.SetBasicAuth(credentials.User, credentials.Password)
	case "bearer":
		request.Header.Set("Authorization", "Bearer "+credentials.Token)
	}
	request.Header.Set("Content-Type", "application/proto")
	request.Header.Set("Connect-Protocol-Version", "1")
	answer, err := c.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, unreachable(address, err)
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return nil, nil, &failure{unsure: true, sentence: fmt.Sprintf("%s broke off its answer: look at the server and what is between.", address)}
	}
	return answer, content, nil
}

// send pushes an encoded profile; the error is a *failure, or the context's.
func (c *client) send(ctx context.Context, body []byte) error {
	answer, content, err := c.post(ctx, pushPath, body)
	if err != nil {
		return err
	}
	return judge(c.server.URL, answer, content, &pushv1.PushResponse{})
}

// holds asks whether the server has a profile of a series at a millisecond. A server that lets nobody ask, as one where only
// pushing is allowed, answers false: sent again, equal content is counted once as long as the server remembers it.
func (c *client) holds(ctx context.Context, series *pushed, profileType string, ms int64) (bool, error) {
	// A range of a single millisecond is answered with nothing (1.12).
	body, err := proto.Marshal(&querierv1.SelectSeriesRequest{
		ProfileTypeID: profileType, LabelSelector: series.selector(), Start: ms - 1, End: ms, Step: 0.001,
	})
	if err != nil {
		return false, fmt.Errorf("encode question: %w", err)
	}
	answer, content, err := c.post(ctx, selectPath, body)
	if err != nil {
		return false, err
	}
	var found querierv1.SelectSeriesResponse
	if err := judge(c.server.URL, answer, content, &found); err != nil {
		var why *failure
		if errors.As(err, &why) && (why.closed || why.refused) {
			return false, nil
		}
		return false, err
	}
	for _, one := range found.GetSeries() {
		for _, point := range one.GetPoints() {
			if point.GetTimestamp() == ms && point.GetValue() > 0 {
				return true, nil
			}
		}
	}
	return false, nil
}

// packers are writers that are done: a new one takes almost a megabyte, and a window has a profile for each series.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

func encodeRequest(labels []*typesv1.LabelPair, profile *googlev1.Profile) (body []byte, plainBytes int, err error) {
	// Deterministic: a profile that is sent again must be byte-equal to count as the same.
	plain, err := proto.MarshalOptions{Deterministic: true}.Marshal(profile)
	if err != nil {
		return nil, 0, fmt.Errorf("encode profile: %w", err)
	}
	var packed bytes.Buffer
	writer, _ := packers.Get().(*gzip.Writer)
	defer packers.Put(writer)
	writer.Reset(&packed)
	_, err = writer.Write(plain)
	if err := errors.Join(err, writer.Close()); err != nil {
		return nil, 0, fmt.Errorf("pack profile: %w", err)
	}
	body, err = proto.Marshal(&pushv1.PushRequest{Series: []*pushv1.RawProfileSeries{{
		Labels: labels, Samples: []*pushv1.RawSample{{RawProfile: packed.Bytes()}},
	}}})
	if err != nil {
		return nil, 0, fmt.Errorf("encode push request: %w", err)
	}
	return body, len(plain), nil
}

// What a server says of refusals that its codes do not tell apart (1.12, pkg/validation and pkg/distributor). One that says it
// otherwise has its window counted as refused, or is asked again until the window is too old.
const (
	saidOldest      = "the ingestion window starts at "
	saidSeriesLimit = "active series limit exceeded"
)

// judge turns an answer into nil or a *failure that says what to do about it.
func judge(address string, answer *http.Response, content []byte, into proto.Message) error {
	if why := judged(address, answer, content, into); why != nil {
		return why
	}
	return nil
}

func judged(address string, answer *http.Response, content []byte, into proto.Message) *failure {
	whole := serverMessage(content)
	said := tidy(whole)
	switch code := answer.StatusCode; {
	case code == http.StatusOK:
		kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
		if err != nil || kind != "application/proto" || proto.Unmarshal(content, into) != nil {
			return &failure{closed: true, sentence: fmt.Sprintf(
				"%s answers, but not as a Pyroscope server does: look at the address and what is between.", address)}
		}
		return nil
	case code >= 300 && code < 400:
		return &failure{closed: true, sentence: fmt.Sprintf("%s redirects to %q: set that address, or send what its login asks for as a header.",
			address, tidy(answer.Header.Get("Location")))}
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusUnprocessableEntity:
		return &failure{refused: true, oldest: oldestTaken(whole), sentence: fmt.Sprintf(
			"%s refused a window and it was left out (%d): %s", address, code, said)}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return &failure{closed: true, sentence: fmt.Sprintf("%s does not let the agent in (%d): check the credentials and the tenant. It said: %s",
			address, code, said)}
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed, code == http.StatusNotImplemented:
		return &failure{closed: true, sentence: fmt.Sprintf(
			"%s has no Pyroscope that takes profiles at this address (%d): look at host, port and path.", address, code)}
	case code == http.StatusTooManyRequests && strings.Contains(whole, saidSeriesLimit):
		// It stays so for as long as other series are active, about an hour; those that the server knows already go through.
		return &failure{refused: true, sentence: fmt.Sprintf(
			"%s takes no new series and a window was left out: push fewer labels, or raise its limit. It said: %s", address, said)}
	case code == http.StatusTooManyRequests:
		return &failure{after: retryAfter(answer), tooMuch: true, sentence: fmt.Sprintf(
			"%s takes no more for now (429): raise its limits or push less. It said: %s", address, said)}
	default:
		return &failure{after: retryAfter(answer), unsure: true, sentence: fmt.Sprintf(
			"%s cannot take windows now (%d): look at the server's log. It said: %s", address, code, said)}
	}
}

// retryAfter is how long the server asks to wait, in seconds or until a time by its own clock.
func retryAfter(answer *http.Response) time.Duration {
	value := answer.Header.Get("Retry-After")
	seconds, err := strconv.ParseUint(value, 10, 31)
	wait := time.Duration(seconds) * time.Second //nolint:gosec // has 31 bits
	if err != nil {
		until, err := http.ParseTime(value)
		now, errDate := http.ParseTime(answer.Header.Get("Date"))
		if err != nil || errDate != nil {
			return 0
		}
		wait = until.Sub(now)
	}
	return max(0, min(wait, maxRetryAfter))
}

// serverMessage is the message of a Connect error, which may itself be such an error as text, or the beginning of
// whatever else was answered.
func serverMessage(content []byte) string {
	text := string(content)
	for range 3 {
		var parsed struct {
			Message string `json:"message"`
		}
		if json.Unmarshal([]byte(text), &parsed) != nil || parsed.Message == "" {
			break
		}
		text = parsed.Message
	}
	if strings.TrimSpace(text) == "" {
		return "nothing."
	}
	return text
}

// oldestTaken reads it out of the message about a profile outside of the time that a server takes.
func oldestTaken(message string) time.Time {
	at := strings.LastIndex(message, saidOldest)
	if at < 0 {
		return time.Time{}
	}
	// Written by Go's Time.String, which ends with the name of the zone.
	words := strings.SplitN(message[at+len(saidOldest):], " ", 4)
	oldest, err := time.Parse("2006-01-02 15:04:05 -0700", strings.Join(words[:min(3, len(words))], " "))
	if err != nil {
		return time.Time{}
	}
	return oldest
}

// tidy makes a stranger's text one short line without control and formatting characters.
func tidy(text string) string {
	var line strings.Builder
	const limit = 240
	length := 0
	for _, word := range strings.Fields(strings.ToValidUTF8(text, "?")) {
		if length > 0 {
			line.WriteByte(' ')
			length++
		}
		for _, character := range word {
			if length >= limit {
				return line.String() + "..."
			}
			if unicode.IsControl(character) || unicode.Is(unicode.Cf, character) {
				character = '?'
			}
			line.WriteRune(character)
			length++
		}
	}
	return line.String()
}

// unreachable says why there is no answer, and whether the request may have arrived all the same.
func unreachable(address string, err error) *failure {
	var name *net.DNSError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &name):
		return &failure{sentence: fmt.Sprintf("%s cannot be reached: its name is not known on the target. Check it, or use an IP address.", address)}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &failure{sentence: fmt.Sprintf(
			"%s cannot be reached: connection refused. Is the server up, and is the port right as seen from the target?", address)}
	case errors.As(err, &certificate):
		return &failure{sentence: fmt.Sprintf("%s shows a certificate that the target does not trust: give the certificate of its authority (%s).",
			address, tidy(certificate.Err.Error()))}
	case errors.As(err, &record):
		return &failure{sentence: fmt.Sprintf("%s cannot be reached: it does not speak TLS; is it http:// in truth?", address)}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &failure{unsure: true, sentence: fmt.Sprintf("%s does not answer in time: look at the server and at firewalls between the target and it.", address)}
	}
	return &failure{unsure: true, sentence: fmt.Sprintf("%s cannot be reached: %s", address, tidy(err.Error()))}
}
