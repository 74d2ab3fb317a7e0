package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// ErrBadQuery is wrapped by errors that the asker can mend: a selector or a profile type that cannot be read, a
// missing time range. Their text is made for people.
var ErrBadQuery = errors.New("bad query")

// badQuery is an error that reads as its cause alone, as Pyroscope's do.
type badQuery struct{ cause error }

func (b badQuery) Error() string        { return b.cause.Error() }
func (b badQuery) Unwrap() error        { return b.cause }
func (b badQuery) Is(target error) bool { return target == ErrBadQuery }

// maxSelectorBytes bounds what is parsed; regular expressions are RE2, so time is linear in it.
const maxSelectorBytes = 16 << 10

// Selection is what a query is about: windows of a profile type that begin in [Start, End) and match the selector.
// A window belongs to the range that it begins in, so that adjoining ranges share none.
type Selection struct {
	// ProfileType in Pyroscope's form, see window.ProfileType.
	ProfileType string
	// Selector as in Prometheus, for example {service_name="revel_web",thread=~"worker-.*"}: names of series labels,
	// of sample labels, and Pyroscope's own such as __profile_type__.
	Selector string
	// StartMs and EndMs are Unix milliseconds.
	StartMs int64
	EndMs   int64
}

func (s Selection) parse() (window.ProfileType, []*labels.Matcher, error) {
	profileType, err := window.ParseProfileType(s.ProfileType)
	if err != nil {
		return window.ProfileType{}, nil, badQuery{err}
	}
	matchers, err := parseSelector(s.Selector)
	if err != nil {
		return window.ProfileType{}, nil, err
	}
	return profileType, matchers, checkRange(s.StartMs, s.EndMs)
}

func checkRange(startMs, endMs int64) error {
	if startMs == 0 || endMs == 0 {
		return badQuery{errors.New("missing time range in the query")}
	}
	return nil
}

func parseSelector(text string) ([]*labels.Matcher, error) {
	if len(text) > maxSelectorBytes {
		return nil, badQuery{fmt.Errorf("the label selector has %d bytes; at most %d are read", len(text), maxSelectorBytes)}
	}
	matchers, err := parser.NewParser(parser.Options{}).ParseMetricSelector(text)
	if err != nil {
		return nil, badQuery{err}
	}
	return matchers, nil
}

// parseSelectors reads alternatives: a series matches when one of them does, or when there is none.
func parseSelectors(texts []string) ([][]*labels.Matcher, error) {
	if len(texts) == 0 {
		return [][]*labels.Matcher{nil}, nil
	}
	if len(texts) > 100 {
		return nil, badQuery{fmt.Errorf("%d matchers; at most 100 are read", len(texts))}
	}
	alternatives := make([][]*labels.Matcher, len(texts))
	for i, text := range texts {
		var err error
		if alternatives[i], err = parseSelector(text); err != nil {
			return nil, err
		}
	}
	return alternatives, nil
}

// series is a row of the series table.
type series struct {
	id          int64
	labels      []target.Label
	profileType window.ProfileType
	typeID      string
}

// value of a label of the series, its own or one of Pyroscope's.
func (s *series) value(name string) (string, bool) {
	for _, label := range s.labels {
		if label.Name == name {
			return label.Value, true
		}
	}
	switch name {
	case "__name__":
		return s.profileType.Name, true
	case "__profile_type__":
		return s.typeID, true
	case "__type__":
		return s.profileType.SampleType, true
	case "__unit__":
		return s.profileType.SampleUnit, true
	case "__period_type__":
		return s.profileType.PeriodType, true
	case "__period_unit__":
		return s.profileType.PeriodUnit, true
	case "__service_name__":
		return s.value("service_name")
	}
	return "", false
}

// internalLabels are those that Pyroscope adds to each series.
var internalLabels = []string{
	"__name__", "__period_type__", "__period_unit__", "__profile_type__", "__service_name__", "__type__", "__unit__",
}

// match splits a selector at a series: false when a label of the series rules it out; else the matchers that only
// sample labels can answer.
func (s *series) match(matchers []*labels.Matcher) (open []*labels.Matcher, possible bool) {
	for _, matcher := range matchers {
		value, known := s.value(matcher.Name)
		if !known {
			open = append(open, matcher)
			continue
		}
		if !matcher.Matches(value) {
			return nil, false
		}
	}
	return open, true
}

// matchSample says whether sample labels fulfil what match left open. A missing label is an empty one.
func matchSample(sample []target.Label, open []*labels.Matcher) bool {
	for _, matcher := range open {
		if !matcher.Matches(valueOf(sample, matcher.Name)) {
			return false
		}
	}
	return true
}

func valueOf(set []target.Label, name string) string {
	index := slices.IndexFunc(set, func(label target.Label) bool { return label.Name == name })
	if index < 0 {
		return ""
	}
	return set[index].Value
}

func sortLabels(set []target.Label) {
	slices.SortFunc(set, func(a, b target.Label) int { return strings.Compare(a.Name, b.Name) })
}
