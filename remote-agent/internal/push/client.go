package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
)

const (
	pushPath       = "/push.v1.PusherService/Push"
	requestTimeout = 30 * time.Second
	maxAnswerBytes = 64 << 10
)

// failure is why a profile was not taken.
type failure struct {
	// sentence for people: what is wrong and what to do.
	sentence string
	// refused: this profile will never be taken; otherwise it is worth trying again.
	refused bool
	// after is how long the server asked to wait, 0 when it did not.
	after time.Duration
}

func (f *failure) Error() string { return f.sentence }

// client sends one profile at a time.
type client struct{ http *http.Client }

func newClient() *client {
	return &client{http: &http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  requestTimeout,
			IdleConnTimeout:        90 * time.Second,
			MaxIdleConnsPerHost:    1,
			MaxResponseHeaderBytes: 64 << 10,
		},
		// A redirected POST becomes a GET of a login page: say so instead.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// send pushes a profile; the error is a *failure, or the context's.
func (c *client) send(ctx context.Context, to Settings, labels []*typesv1.LabelPair, profile *googlev1.Profile) error {
	body, err := encodeRequest(labels, profile)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL+pushPath, bytes.NewReader(body))
	if err != nil {
		return &failure{sentence: "The address of the Pyroscope server cannot be used: set it anew."}
	}
	for _, header := range to.Headers {
		request.Header.Set(header.Name, header.Value)
	}
	request.Header.Set("Content-Type", "application/proto")
	request.Header.Set("Connect-Protocol-Version", "1")
	answer, err := c.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &failure{sentence: unreachable(to.URL, err)}
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return &failure{sentence: fmt.Sprintf("%s broke off its answer: look at the server and what is between.", to.URL)}
	}
	return judge(to.URL, answer, content)
}

func encodeRequest(labels []*typesv1.LabelPair, profile *googlev1.Profile) ([]byte, error) {
	// Deterministic: a profile that is sent again must be byte-equal to count as the same.
	plain, err := proto.MarshalOptions{Deterministic: true}.Marshal(profile)
	if err != nil {
		return nil, fmt.Errorf("encode profile: %w", err)
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err = writer.Write(plain)
	if err := errors.Join(err, writer.Close()); err != nil {
		return nil, fmt.Errorf("pack profile: %w", err)
	}
	body, err := proto.Marshal(&pushv1.PushRequest{Series: []*pushv1.RawProfileSeries{{
		Labels: labels, Samples: []*pushv1.RawSample{{RawProfile: packed.Bytes()}},
	}}})
	if err != nil {
		return nil, fmt.Errorf("encode push request: %w", err)
	}
	return body, nil
}

// judge turns an answer into nil or what to do about it.
func judge(address string, answer *http.Response, content []byte) error {
	said := serverMessage(content)
	switch code := answer.StatusCode; {
	case code == http.StatusOK:
		kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
		if err != nil || kind != "application/proto" || proto.Unmarshal(content, &pushv1.PushResponse{}) != nil {
			return &failure{sentence: fmt.Sprintf(
				"%s answers, but not as a Pyroscope server does: look at the address and what is between.", address)}
		}
		return nil
	case code >= 300 && code < 400:
		return &failure{sentence: fmt.Sprintf("%s redirects to %q: set that address, or send what its login asks for as a header.",
			address, tidy(answer.Header.Get("Location")))}
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusUnprocessableEntity:
		return &failure{refused: true, sentence: fmt.Sprintf(
			"%s refused a window and it was left out (%d): %s", address, code, said)}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return &failure{sentence: fmt.Sprintf("%s does not let the agent in (%d): check the headers that are sent. It said: %s",
			address, code, said)}
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed, code == http.StatusNotImplemented:
		return &failure{sentence: fmt.Sprintf(
			"%s has no Pyroscope that takes profiles at this address (%d): look at host, port and path.", address, code)}
	case code == http.StatusTooManyRequests:
		return &failure{after: retryAfter(answer), sentence: fmt.Sprintf(
			"%s takes no more for now (429): raise its limits or push less. It said: %s", address, said)}
	default:
		return &failure{after: retryAfter(answer), sentence: fmt.Sprintf(
			"%s cannot take windows now (%d): look at the server's log. It said: %s", address, code, said)}
	}
}

func retryAfter(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxBackoff)
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
	if text = tidy(text); text == "" {
		return "nothing."
	}
	return text
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

func unreachable(address string, err error) string {
	var name *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &name):
		return fmt.Sprintf("%s cannot be reached: its name is not known on the target. Check it, or use an IP address.", address)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s cannot be reached: connection refused. Is the server up, and is the port right as seen from the target?", address)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("%s does not answer in time: look at the server and at firewalls between the target and it.", address)
	}
	return fmt.Sprintf("%s cannot be reached: %s", address, tidy(err.Error()))
}
