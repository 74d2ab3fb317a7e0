package target

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v2"
)

const (
	maxRuleBytes = 64 << 10
	maxRules     = 200
	maxAdded     = 20
)

// ErrBadNaming is wrapped by errors that whoever sets a naming can mend.
var ErrBadNaming = errors.New("bad naming")

// NamingError says what is wrong with a naming. It is ErrBadNaming.
type NamingError struct {
	// Message is one sentence.
	Message string
	// Rule is the number of the relabel rule, from 1; 0 where it concerns none or not one alone.
	Rule int
	// Line of the relabel rules, from 1; 0 where that is not known.
	Line int
}

// Error implements error.
func (e *NamingError) Error() string { return e.Message }

// Is implements errors.Is.
func (e *NamingError) Is(target error) bool { return target == ErrBadNaming }

func badNaming(format string, values ...any) *NamingError {
	return &NamingError{Message: fmt.Sprintf(format, values...)}
}

// Naming is what a user sets about how services are called. The zero value is the default.
type Naming struct {
	// Labels are added to every service.
	Labels []Label
	// LeadingSlash names containers as Docker's API and Grafana Alloy do: "/shop-web-1".
	LeadingSlash bool
	// RelabelConfigs is a list of Prometheus' relabel_configs in YAML, or JSON. They see the labels of a service and the
	// __meta_ ones of metaLabels; what they drop is not stored, and is counted.
	RelabelConfigs string
}

var addedLabelPattern = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`)

// rules are a naming that was checked.
type rules struct {
	Naming
	relabel []*relabel.Config
}

// compile checks a naming; the error says in one sentence what is wrong.
func (n Naming) compile() (rules, *NamingError) {
	if len(n.Labels) > maxAdded {
		return rules{}, badNaming("at most %d labels can be added, not %d", maxAdded, len(n.Labels))
	}
	for _, label := range n.Labels {
		if !addedLabelPattern.MatchString(label.Name) || strings.HasPrefix(label.Name, "__") {
			return rules{}, badNaming("label %.80q: names are letters, digits and underscores, at most 64, and begin with "+
				"neither a digit nor two underscores", label.Name)
		}
		if label.Value == "" || len(label.Value) > maxLabelBytes {
			return rules{}, badNaming("label %s: its value must have 1 to %d bytes", label.Name, maxLabelBytes)
		}
	}
	compiled, flaw := compileRules(n.RelabelConfigs)
	if flaw != nil {
		return rules{}, flaw
	}
	return rules{Naming: n, relabel: compiled}, nil
}

func compileRules(text string) ([]*relabel.Config, *NamingError) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxRuleBytes {
		return nil, badNaming("the relabel rules have %d bytes; at most %d are read", len(text), maxRuleBytes)
	}
	// Rule by rule: what the library says of all at once does not tell which one it means.
	var parts []any
	if err := yaml.UnmarshalStrict([]byte(text), &parts); err != nil {
		flaw := badNaming("the relabel rules cannot be read as a list in YAML: %v", yamlWords(err))
		flaw.Line = yamlLine(err)
		return nil, flaw
	}
	if len(parts) > maxRules {
		return nil, badNaming("%d relabel rules; at most %d are taken", len(parts), maxRules)
	}
	configs := make([]*relabel.Config, len(parts))
	for i, part := range parts {
		config, reason := compileRule(part)
		if reason != "" {
			return nil, &NamingError{Message: fmt.Sprintf("relabel rule %d %s", i+1, reason), Rule: i + 1, Line: lineOfRule(text, i)}
		}
		configs[i] = config
	}
	return configs, nil
}

// compileRule makes one rule of what YAML tells; reason says what is wrong with it, "" for nothing.
func compileRule(part any) (config *relabel.Config, reason string) {
	if part == nil {
		return nil, "is empty"
	}
	encoded, err := yaml.Marshal(part)
	if err != nil {
		return nil, fmt.Sprintf("cannot be read: %v", err)
	}
	config = new(relabel.Config)
	if err := yaml.UnmarshalStrict(encoded, config); err != nil {
		return nil, fmt.Sprintf("cannot be read: %v", yamlWords(err))
	}
	// Pyroscope takes no other names.
	if err := config.Validate(model.LegacyValidation); err != nil {
		return nil, fmt.Sprintf("will not do: %v", err)
	}
	return config, ""
}

var yamlPosition = regexp.MustCompile(`line (\d+): `)

// yamlLine is the line that the YAML library names, which it does in words only; 0 where it names none.
func yamlLine(err error) int {
	found := yamlPosition.FindStringSubmatch(err.Error())
	if found == nil {
		return 0
	}
	line, err := strconv.Atoi(found[1])
	if err != nil {
		return 0
	}
	return line
}

// yamlWords are the library's words without lines, which are not the user's, and without line breaks.
func yamlWords(err error) string {
	words := yamlPosition.ReplaceAllString(strings.TrimPrefix(err.Error(), "yaml: "), "")
	words = strings.TrimPrefix(words, "unmarshal errors:\n")
	return strings.Join(strings.Fields(words), " ")
}

// lineOfRule finds the line on which an entry of a list in YAML's block style begins, from 1; 0 for lists of another style.
func lineOfRule(text string, rule int) int {
	indent, count := -1, 0
	for i, line := range strings.Split(text, "\n") {
		content := strings.TrimLeft(line, " ")
		if content != "-" && !strings.HasPrefix(content, "- ") {
			continue
		}
		if indent < 0 {
			indent = len(line) - len(content)
		}
		if len(line)-len(content) != indent {
			continue
		}
		if count == rule {
			return i + 1
		}
		count++
	}
	return 0
}

// apply makes the identity of values by name; meta are labels that rules see and services do not keep.
func (r rules) apply(values, meta map[string]string) Identity {
	for _, label := range r.Labels {
		values[label.Name] = label.Value
	}
	if len(r.relabel) == 0 {
		return identity(values)
	}
	builder := promlabels.NewBuilder(promlabels.EmptyLabels())
	for _, set := range []map[string]string{values, meta} {
		for name, value := range set {
			builder.Set(name, cleanLabel(value))
		}
	}
	if !relabel.ProcessBuilder(builder, r.relabel...) {
		return Identity{Dropped: true}
	}
	kept := make(map[string]string)
	builder.Range(func(label promlabels.Label) {
		if !strings.HasPrefix(label.Name, "__") {
			kept[label.Name] = label.Value
		}
	})
	if kept[labelServiceName] == "" {
		kept[labelServiceName] = unknownService
	}
	return identity(kept)
}

// metaLabels are what rules may ask for beside a service's labels, under the names of Prometheus' and Alloy's discovery.
func metaLabels(found process, container Container, inContainer bool) map[string]string {
	meta := map[string]string{
		"__meta_process_exe":  found.executable,
		"__meta_process_comm": found.comm,
		"__meta_systemd_unit": found.unit,
	}
	if !inContainer {
		return meta
	}
	meta["__meta_docker_container_id"] = container.ID
	meta["__meta_docker_container_name"] = "/" + container.Name
	meta["__meta_kubernetes_namespace"] = container.Namespace
	meta["__meta_kubernetes_pod_name"] = container.Pod
	if container.Pod != "" {
		meta["__meta_kubernetes_pod_container_name"] = container.Name
	}
	for name, value := range container.Labels {
		meta["__meta_docker_container_label_"+sanitizeLabelName(name)] = value
	}
	return meta
}

// sanitizeLabelName is Prometheus' rule for names that come from elsewhere: "com.example-x" is "com_example_x".
func sanitizeLabelName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, name)
}
