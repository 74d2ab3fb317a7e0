package target

import (
	"errors"
	"fmt"
	"regexp"
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
func (n Naming) compile() (rules, error) {
	if len(n.Labels) > maxAdded {
		return rules{}, fmt.Errorf("%w: at most %d labels can be added, not %d", ErrBadNaming, maxAdded, len(n.Labels))
	}
	for _, label := range n.Labels {
		if !addedLabelPattern.MatchString(label.Name) || strings.HasPrefix(label.Name, "__") {
			return rules{}, fmt.Errorf("%w: label %.80q: names are letters, digits and underscores, at most 64, and begin with "+
				"neither a digit nor two underscores", ErrBadNaming, label.Name)
		}
		if label.Value == "" || len(label.Value) > maxLabelBytes {
			return rules{}, fmt.Errorf("%w: label %s: its value must have 1 to %d bytes", ErrBadNaming, label.Name, maxLabelBytes)
		}
	}
	compiled, err := compileRules(n.RelabelConfigs)
	if err != nil {
		return rules{}, err
	}
	return rules{Naming: n, relabel: compiled}, nil
}

func compileRules(text string) ([]*relabel.Config, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxRuleBytes {
		return nil, fmt.Errorf("%w: the relabel rules have %d bytes; at most %d are read", ErrBadNaming, len(text), maxRuleBytes)
	}
	var configs []*relabel.Config
	if err := yaml.UnmarshalStrict([]byte(text), &configs); err != nil {
		return nil, fmt.Errorf("%w: the relabel rules cannot be read: %w", ErrBadNaming, err)
	}
	if len(configs) > maxRules {
		return nil, fmt.Errorf("%w: %d relabel rules; at most %d are taken", ErrBadNaming, len(configs), maxRules)
	}
	for i, config := range configs {
		if config == nil {
			return nil, fmt.Errorf("%w: relabel rule %d is empty", ErrBadNaming, i+1)
		}
		// Pyroscope takes no other names.
		if err := config.Validate(model.LegacyValidation); err != nil {
			return nil, fmt.Errorf("%w: relabel rule %d: %w", ErrBadNaming, i+1, err)
		}
	}
	return configs, nil
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
