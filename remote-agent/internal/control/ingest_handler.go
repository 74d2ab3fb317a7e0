package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
)

// ingestHandler takes what older SDKs push: POST /ingest?name=app{tag=value}&from=..&until=..&format=.. with a pprof, alone or
// in a form, or with folded stacks, as Pyroscope takes them.
type ingestHandler struct {
	store  *store.Store
	logger *slog.Logger
	now    func() time.Time
}

// ingested is what a request says beside the profile.
type ingested struct {
	app         string
	tags        []target.Label
	spy         string
	from, until time.Time
	sampleRate  int64
}

// errUnsupportedFormat is a format of profiles that is not read here.
var errUnsupportedFormat = errors.New("only pprof and folded stacks are taken here: push this format to a Pyroscope")

func (h *ingestHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.take(r)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
		return
	case errors.Is(err, errUnsupportedFormat):
		http.Error(w, err.Error(), http.StatusUnsupportedMediaType)
	case errors.As(err, &tooLarge):
		http.Error(w, fmt.Sprintf("a request has at most %d MiB: push shorter intervals", maxPushBytes>>20), http.StatusRequestEntityTooLarge)
	case errors.Is(err, store.ErrTooMuch):
		http.Error(w, err.Error(), http.StatusTooManyRequests)
	case errors.Is(err, store.ErrBadProfile), errors.Is(err, errBadIngest):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		h.logger.ErrorContext(r.Context(), "store pushed profile", slog.Any("error", err))
		http.Error(w, "the profile could not be stored: the agent's log says why", http.StatusInternalServerError)
	}
}

// errBadIngest is wrapped by what the sender can mend.
var errBadIngest = errors.New("bad request")

func badIngest(format string, arguments ...any) error {
	return fmt.Errorf("%w: %w", errBadIngest, fmt.Errorf(format, arguments...))
}

func (h *ingestHandler) take(r *http.Request) error {
	said, err := h.parse(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxPushBytes))
	if err != nil {
		return fmt.Errorf("%w: read profile: %w", errBadIngest, err)
	}
	contentType := r.Header.Get("Content-Type")
	kind, parameters, _ := mime.ParseMediaType(contentType) // an unreadable one is none
	switch format := r.URL.Query().Get("format"); {
	case format == "pprof":
		return h.takePprof(r, said, body, nil)
	case kind == "multipart/form-data" && format != "jfr":
		raw, displayNames, err := readForm(body, parameters["boundary"])
		if err != nil {
			return err
		}
		return h.takePprof(r, said, raw, displayNames)
	case format == "trie", format == "tree", format == "jfr", format == "speedscope", strings.HasPrefix(contentType, "binary/octet-stream+"):
		return errUnsupportedFormat
	default:
		return h.takeFolded(r, said, body, format == "lines")
	}
}

const (
	defaultSampleRate = 100
	maxSampleRate     = 1_000_000
)

func (h *ingestHandler) parse(r *http.Request) (*ingested, error) {
	query := r.URL.Query()
	said := &ingested{spy: query.Get("spyName"), from: h.now(), until: h.now(), sampleRate: defaultSampleRate}
	var err error
	if said.app, said.tags, err = parseIngestName(query.Get("name")); err != nil {
		return nil, err
	}
	if said.spy == "" {
		said.spy = "unknown"
	}
	for name, into := range map[string]*time.Time{"from": &said.from, "until": &said.until} {
		if text := query.Get(name); text != "" {
			if *into, err = parseIngestTime(text); err != nil {
				return nil, badIngest("%s: %w", name, err)
			}
		}
	}
	if rate, err := strconv.ParseInt(query.Get("sampleRate"), 10, 64); err == nil && rate > 0 && rate <= maxSampleRate {
		said.sampleRate = rate
	}
	return said, nil
}

// parseIngestName reads "app{tag=value,other=value}".
func parseIngestName(text string) (app string, tags []target.Label, err error) {
	app, rest, tagged := strings.Cut(text, "{")
	if app = strings.TrimSpace(app); app == "" {
		return "", nil, badIngest("name is missing: name=app{tag=value}")
	}
	if !tagged {
		return app, nil, nil
	}
	rest, _, _ = strings.Cut(rest, "}")
	for pair := range strings.SplitSeq(rest, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return "", nil, badIngest("name: %.80q is no tag=value", pair)
		}
		tags = append(tags, target.Label{Name: name, Value: strings.Trim(strings.TrimSpace(value), `"`)})
	}
	return app, tags, nil
}

// parseIngestTime reads Unix time in seconds, milliseconds, microseconds or nanoseconds, told apart by their size.
func parseIngestTime(text string) (time.Time, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || number < 0:
		return time.Time{}, fmt.Errorf("%.40q is no Unix time", text)
	case number < 1e11:
		return time.Unix(number, 0), nil
	case number < 1e14:
		return time.UnixMilli(number), nil
	case number < 1e17:
		return time.UnixMicro(number), nil
	default:
		return time.Unix(0, number), nil
	}
}

// readForm takes the profile out of a form, and how its sample types are to be called.
func readForm(body []byte, boundary string) (raw []byte, displayNames map[string]string, err error) {
	form := multipart.NewReader(strings.NewReader(string(body)), boundary)
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, badIngest("the form cannot be read: %w", err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, nil, badIngest("the form cannot be read: %w", err)
		}
		switch part.FormName() {
		case "profile":
			raw = content
		case "prev_profile":
			return nil, nil, badIngest("this SDK sends a profile with the one before: update it")
		case "sample_type_config":
			var config map[string]struct {
				DisplayName string `json:"display-name"`
			}
			if json.Unmarshal(content, &config) != nil {
				return nil, nil, badIngest("sample_type_config is no JSON object")
			}
			displayNames = map[string]string{}
			for name, one := range config {
				displayNames[name] = one.DisplayName
			}
		}
	}
	if raw == nil {
		return nil, nil, badIngest("the form has no field \"profile\"")
	}
	return raw, displayNames, nil
}

// knownDisplayNames are those of sample types where the sender does not say.
var knownDisplayNames = map[string]string{"samples": "cpu", "goroutine": "goroutines", "contentions": "mutex_count", "delay": "mutex_duration"}

// metricOf is the __name__ of a pprof by its sample types.
func metricOf(p *profile.Profile, displayNames map[string]string) string {
	if displayNames == nil {
		displayNames = knownDisplayNames
	}
	last := ""
	for _, sampleType := range p.SampleType {
		if sampleType.Type == "wall" {
			return "wall"
		}
	}
	for _, sampleType := range p.SampleType {
		last = sampleType.Type
		if name := displayNames[last]; name != "" {
			last = name
		}
		switch {
		case strings.Contains(last, "cpu"):
			return "process_cpu"
		case strings.Contains(last, "alloc_"), strings.Contains(last, "inuse_"), last == "space", last == "objects":
			return "memory"
		case strings.Contains(last, "mutex_"):
			return "mutex"
		case strings.Contains(last, "block_"):
			return "block"
		case strings.Contains(last, "goroutines"):
			return "goroutines"
		}
	}
	return last
}

func (h *ingestHandler) takePprof(r *http.Request, said *ingested, raw []byte, displayNames map[string]string) error {
	if len(raw) == 0 {
		return nil // an interval without a sample
	}
	return h.store.AppendParsed(r.Context(), raw, func(p *profile.Profile) ([]target.Label, error) {
		if time.Unix(0, p.TimeNanos).UTC().Year() == 1970 { // none, or microseconds of early SDKs
			p.TimeNanos = said.from.UnixNano()
		}
		if p.DurationNanos <= 0 {
			p.DurationNanos = said.until.Sub(said.from).Nanoseconds()
		}
		if said.spy == "pyspy" || said.spy == "rbspy" || said.spy == "scripting" {
			if err := nameByLine(p); err != nil {
				return nil, err
			}
		}
		labels := []target.Label{
			{Name: "__name__", Value: metricOf(p, displayNames)}, {Name: "pyroscope_spy", Value: said.spy},
		}
		return append(labels, serviceAndTags(said.app, said.tags, false)...), nil
	})
}

// maxMadeNames bounds the bytes of names that are made of a request: they repeat what it says once.
const maxMadeNames = 16 << 20

// nameByLine calls each function "file:line - name", as Pyroscope does for scripts, whose frames it would otherwise merge.
func nameByLine(p *profile.Profile) error {
	room := maxMadeNames
	made := map[string]*profile.Function{}
	next := uint64(0)
	for _, function := range p.Function {
		next = max(next, function.ID)
	}
	for _, location := range p.Location {
		for i := range location.Line {
			line := &location.Line[i]
			if line.Function == nil {
				continue
			}
			if room -= len(line.Function.Filename) + len(line.Function.Name); room < 0 {
				return badIngest("the functions have too long names for so many lines: push shorter intervals")
			}
			name := fmt.Sprintf("%s:%d - %s", line.Function.Filename, line.Line, line.Function.Name)
			if made[name] == nil {
				next++
				function := *line.Function
				function.ID, function.Name = next, name
				made[name] = &function
				p.Function = append(p.Function, &function)
			}
			line.Function = made[name]
		}
	}
	return nil
}

// serviceAndTags are the labels of an application. Where it says its service itself, its name becomes app_name if it keeps one.
func serviceAndTags(app string, tags []target.Label, keepApp bool) []target.Label {
	var labels []target.Label
	named := false
	for _, tag := range tags {
		named = named || tag.Name == "service_name"
		if !strings.HasPrefix(tag.Name, "__") {
			labels = append(labels, tag)
		}
	}
	switch {
	case !named:
		labels = append(labels, target.Label{Name: "service_name", Value: app})
	case keepApp:
		labels = append(labels, target.Label{Name: "app_name", Value: app})
	}
	return labels
}

// foldedTypes are the profile types that the end of an application's name stands for, when it pushes folded stacks.
var foldedTypes = map[string]struct{ metric, sample, unit string }{
	"cpu":            {"process_cpu", "cpu", "nanoseconds"},
	"itimer":         {"process_cpu", "cpu", "nanoseconds"},
	"wall":           {"wall", "wall", "nanoseconds"},
	"alloc_objects":  {"memory", "alloc_objects", "count"},
	"alloc_space":    {"memory", "alloc_space", "bytes"},
	"inuse_objects":  {"memory", "inuse_objects", "count"},
	"inuse_space":    {"memory", "inuse_space", "bytes"},
	"goroutines":     {"goroutine", "goroutines", "count"},
	"mutex_count":    {"mutex", "contentions", "count"},
	"mutex_duration": {"mutex", "delay", "nanoseconds"},
	"block_count":    {"block", "contentions", "count"},
	"block_duration": {"block", "delay", "nanoseconds"},
}

func (h *ingestHandler) takeFolded(r *http.Request, said *ingested, body []byte, lines bool) error {
	app, ending := said.app, "cpu"
	if dot := strings.LastIndexByte(app, '.'); dot >= 0 {
		app, ending = app[:dot], app[dot+1:]
	}
	kind, known := foldedTypes[ending]
	if !known {
		return badIngest("name: %.40q does not say what was measured; end it in .cpu, .wall, .alloc_space, ...", said.app)
	}
	made := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: kind.sample, Unit: kind.unit}}, TimeNanos: said.from.UnixNano(),
		DurationNanos: said.until.Sub(said.from).Nanoseconds(),
	}
	scale := int64(1)
	if kind.metric == "process_cpu" || kind.metric == "wall" {
		scale = int64(time.Second) / said.sampleRate
		made.PeriodType, made.Period = &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, scale
	}
	if err := addFolded(made, string(body), lines, scale); err != nil || len(made.Sample) == 0 {
		return err
	}
	var raw strings.Builder
	if err := made.WriteUncompressed(&raw); err != nil {
		return badIngest("the stacks make no profile: %w", err)
	}
	labels := []target.Label{{Name: "__name__", Value: kind.metric}, {Name: "pyroscope_spy", Value: said.spy}}
	return h.store.AppendPushed(r.Context(), append(labels, serviceAndTags(app, said.tags, true)...), []byte(raw.String()))
}

// Bounds of folded stacks, whose names of one byte become a hundred in memory: distinct functions, and the frames of all stacks.
const (
	maxFoldedNames  = 1 << 18
	maxFoldedFrames = 4 << 20
)

// addFolded reads lines of "root;caller;leaf count", or without the count.
func addFolded(into *profile.Profile, text string, lines bool, scale int64) error {
	locations := map[string]*profile.Location{}
	samples := map[string]*profile.Sample{}
	frames := 0
	for line := range strings.Lines(text) {
		stack, count := strings.TrimRight(line, "\r\n"), int64(1)
		if !lines {
			blank := strings.LastIndexByte(stack, ' ')
			if blank < 0 {
				continue
			}
			var err error
			if count, err = strconv.ParseInt(stack[blank+1:], 10, 64); err != nil || count < 0 || count > 1<<40 {
				return badIngest("a line does not end in a count: %.80q", stack)
			}
			stack = stack[:blank]
		}
		if stack == "" || count == 0 {
			continue
		}
		if known := samples[stack]; known != nil {
			known.Value[0] += count * scale
			continue
		}
		depth := 1 + strings.Count(stack, ";")
		frames += depth
		switch {
		case len(samples) >= store.MaxPushedSamples:
			return badIngest("there are more than %d stacks: push shorter intervals", store.MaxPushedSamples)
		case depth > store.MaxPushedDepth:
			return badIngest("a stack has %d frames; at most %d are accepted", depth, store.MaxPushedDepth)
		case frames > maxFoldedFrames || len(locations) > maxFoldedNames:
			return badIngest("there are stacks of more than %d frames together, or more than %d functions: push shorter intervals",
				maxFoldedFrames, maxFoldedNames)
		}
		sample := &profile.Sample{Value: []int64{count * scale}}
		names := strings.Split(stack, ";")
		for i := len(names) - 1; i >= 0; i-- {
			location := locations[names[i]]
			if location == nil {
				id := uint64(len(locations) + 1)
				function := &profile.Function{ID: id, Name: names[i]}
				location = &profile.Location{ID: id, Line: []profile.Line{{Function: function}}}
				locations[names[i]] = location
				into.Function, into.Location = append(into.Function, function), append(into.Location, location)
			}
			sample.Location = append(sample.Location, location)
		}
		samples[stack] = sample
		into.Sample = append(into.Sample, sample)
	}
	return nil
}

// notFromPages refuses what a web page in a browser of this machine sends: it may reach loopback addresses, under its own
// origin or by a name that leads here.
func notFromPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local := r.Context().Value(http.LocalAddrContextKey)
		if _, tcp := local.(*net.TCPAddr); tcp {
			host, _, err := net.SplitHostPort(r.Host)
			if err != nil {
				host = r.Host
			}
			address, err := netip.ParseAddr(strings.Trim(host, "[]"))
			loopback := err == nil && address.IsLoopback() || host == "localhost"
			if !loopback || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
				http.Error(w, "web pages are not answered here", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
