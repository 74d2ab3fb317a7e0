package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/pprof/profile"

	"pyrometer.dev/remote-agent/internal/target"
)

// ErrBadProfile is wrapped by errors of pushed profiles that the sender must mend. Their text is made for people.
var ErrBadProfile = errors.New("bad profile")

type badProfile struct{ cause error }

func (b badProfile) Error() string        { return b.cause.Error() }
func (b badProfile) Unwrap() error        { return b.cause }
func (b badProfile) Is(target error) bool { return target == ErrBadProfile }

func refuse(format string, arguments ...any) error {
	return badProfile{fmt.Errorf(format, arguments...)}
}

// MaxPushedSamples and MaxPushedDepth bound the samples of a profile that is pushed, and the frames of each.
const (
	MaxPushedSamples = 16_000
	MaxPushedDepth   = 1024
)

// Limits of what is pushed, those of Pyroscope's defaults where it has one.
const (
	maxProfileBytes   = 16 << 20 // unpacked
	maxPushedSamples  = MaxPushedSamples
	maxPushedDepth    = MaxPushedDepth
	maxTypeBytes      = 256
	maxLabelNames     = 30
	maxLabelName      = 1024
	maxLabelValue     = 2048
	maxSampleTypes    = 16
	acceptedAge       = time.Hour
	acceptedAhead     = 10 * time.Minute
	defaultPushLength = 15 * time.Second
	// Bytes of unpacked profiles that are taken a second, on average and at once: a container must not be able to push
	// everybody's history out of the store. The rate is Pyroscope's default for a tenant.
	pushedBytesPerSecond = 4 << 20
	pushedBytesAtOnce    = 64 << 20
)

// allowance is a bucket that fills with time, for bytes that are pushed.
type allowance struct {
	spent int64
	at    time.Time
}

// spend says whether so many bytes are allowed now.
func (a *allowance) spend(now time.Time, bytes int64) bool {
	if elapsed := now.Sub(a.at); elapsed > 0 {
		regained := min(elapsed.Seconds(), 3600) * pushedBytesPerSecond
		a.spent = max(0, a.spent-int64(regained))
	}
	a.at = now
	if a.spent+bytes > pushedBytesAtOnce {
		return false
	}
	a.spent += bytes
	return true
}

// What was pushed says so by a label that the sender cannot set: whoever may write to the push socket could otherwise add
// samples to a service that the agent samples, by pushing under its name. A selector with pyrometer_origin="" is of sampled
// series alone.
const (
	OriginLabel  = "pyrometer_origin"
	OriginPushed = "push"
)

// AppendPushed stores a pprof, gzip or plain, that an SDK pushed: one window a sample type. labels need __name__; a
// missing service_name becomes "unspecified", and OriginLabel is set. A byte-identical repetition is stored once.
func (s *Store) AppendPushed(ctx context.Context, labels []target.Label, raw []byte) error {
	// They cost less to look at than the profile.
	if _, _, err := checkPushedLabels(labels); err != nil {
		return err
	}
	return s.AppendParsed(ctx, raw, func(*profile.Profile) ([]target.Label, error) { return labels, nil })
}

// AppendParsed is AppendPushed of a profile whose labels follow from what is in it. prepare may change it before it is stored. One
// profile is taken after the other: each may need much memory.
func (s *Store) AppendParsed(ctx context.Context, raw []byte, prepare func(*profile.Profile) ([]target.Label, error)) error {
	s.parsing.Lock()
	defer s.parsing.Unlock()
	plain, err := unpackPushed(raw)
	if err != nil {
		return err
	}
	now := s.options.Now()
	if !s.allowPushed(now, int64(len(plain))) {
		return fmt.Errorf("%w: more than %d MiB of profiles a second are pushed; push less often",
			ErrTooMuch, pushedBytesPerSecond>>20)
	}
	parsed, err := parsePushed(plain)
	if err != nil {
		return err
	}
	prepared, err := prepare(parsed)
	if err != nil {
		return err
	}
	name, labels, err := checkPushedLabels(prepared)
	if err != nil {
		return err
	}
	at := now
	if parsed.TimeNanos != 0 {
		at = time.Unix(0, parsed.TimeNanos)
	}
	if at.Before(now.Add(-acceptedAge)) || at.After(now.Add(acceptedAhead)) {
		return refuse("profile of %s is outside of the time that is accepted: from %s to %s; look at the sender's clock",
			at.UTC().Format(time.RFC3339), now.Add(-acceptedAge).UTC().Format(time.RFC3339),
			now.Add(acceptedAhead).UTC().Format(time.RFC3339))
	}
	key, err := encodeLabels(labels)
	if err != nil {
		return err
	}
	hasher := keyHasher{}
	hasher.text(name)
	hasher.text(key)
	hasher.text(string(raw))
	if s.received.has(hasher.sum()) {
		return nil
	}
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r := s.newRows(ctx, tx)
		for _, in := range pushedWindows(name, labels, parsed, at) {
			if err := s.appendIncoming(r, in); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store pushed profile: %w", err)
	}
	s.received.add(hasher.sum())
	return nil
}

func checkPushedLabels(labels []target.Label) (name string, kept []target.Label, err error) {
	if len(labels) > maxLabelNames {
		return "", nil, refuse("%d labels; at most %d are accepted", len(labels), maxLabelNames)
	}
	hasService := false
	for _, label := range labels {
		switch {
		case label.Name == "" || len(label.Name) > maxLabelName:
			return "", nil, refuse("label name %.80q: 1 to %d bytes are accepted", label.Name, maxLabelName)
		case len(label.Value) > maxLabelValue:
			return "", nil, refuse("label %.80q has a value of %d bytes; at most %d are accepted",
				label.Name, len(label.Value), maxLabelValue)
		case label.Name == "__name__":
			name = label.Value
			continue
		case strings.HasPrefix(label.Name, "__") || label.Name == OriginLabel || label.Value == "":
			continue // Pyroscope's own labels follow from the profile.
		case label.Name == "service_name":
			hasService = true
		}
		kept = append(kept, label)
	}
	if name == "" || !isTypeWord(name) {
		return "", nil, refuse("label __name__ is missing or no metric name; it says what was measured, for example process_cpu")
	}
	if !hasService {
		kept = append(kept, target.Label{Name: "service_name", Value: "unspecified"})
	}
	kept = append(kept, target.Label{Name: OriginLabel, Value: OriginPushed})
	sortLabels(kept)
	for i := 1; i < len(kept); i++ {
		if kept[i].Name == kept[i-1].Name {
			return "", nil, refuse("label %q is there twice", kept[i].Name)
		}
	}
	return name, kept, nil
}

func (s *Store) allowPushed(now time.Time, bytes int64) bool {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	return s.pushed.spend(now, bytes)
}

func unpackPushed(raw []byte) ([]byte, error) {
	plain := raw
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		reader, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, refuse("profile cannot be unpacked: %w", err)
		}
		plain, err = io.ReadAll(io.LimitReader(reader, maxProfileBytes+1))
		if err != nil {
			return nil, refuse("profile cannot be unpacked: %w", err)
		}
	}
	if len(plain) > maxProfileBytes {
		return nil, refuse("profile has more than %d MiB; push shorter intervals", maxProfileBytes>>20)
	}
	return plain, nil
}

// isTypeWord says whether a text may be part of a profile type, which is told to everybody who asks for types.
func isTypeWord(text string) bool {
	return len(text) <= maxTypeBytes && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return r == ':' || unicode.IsControl(r) })
}

func parsePushed(plain []byte) (*profile.Profile, error) {
	if err := checkPushedSize(plain); err != nil {
		return nil, err
	}
	parsed, err := profile.ParseUncompressed(plain)
	if err == nil {
		err = parsed.CheckValid()
	}
	if err != nil {
		return nil, refuse("not a pprof: %w", err)
	}
	if len(parsed.SampleType) == 0 || len(parsed.SampleType) > maxSampleTypes {
		return nil, refuse("profile has %d sample types; 1 to %d are accepted", len(parsed.SampleType), maxSampleTypes)
	}
	for _, t := range append(slices.Clone(parsed.SampleType), parsed.PeriodType) {
		if t != nil && !(isTypeWord(t.Type) && isTypeWord(t.Unit)) {
			return nil, refuse("type %.80q of unit %.80q: a colon, control characters and what is not UTF-8 cannot stand in a profile type",
				t.Type, t.Unit)
		}
	}
	for _, sample := range parsed.Sample {
		if len(sample.Location) > maxPushedDepth {
			return nil, refuse("a stack has %d frames; at most %d are accepted", len(sample.Location), maxPushedDepth)
		}
	}
	return parsed, nil
}
