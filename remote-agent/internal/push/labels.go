package push

import (
	"cmp"
	"slices"
	"strings"

	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
	"pyrometer.dev/remote-agent/internal/store"
)

// maxLabels is how many labels a pushed series has, __name__ among them. A server bounds names and series, and each label
// that changes by itself makes new ones.
const maxLabels = 12

// labelOrder is which labels are pushed first. Labels that the user set come before all but the service, others that are not
// here before those that are new with every container.
var labelOrder = []string{
	"service_name", "", "host", "container", "compose_project", "compose_service", "namespace", "pod", "unit", "runtime",
	"pyrometer_origin", "image", "service_repository", "service_git_ref",
}

// lastLabels go first when there are too many.
var lastLabels = []string{"exited", "named_by", "image_digest", "container_id"}

// pushed is what a window is called at a server.
type pushed struct {
	labels []*typesv1.LabelPair
	// leftOut are names of labels for which there was no room.
	leftOut []string
	// key tells one label set from another.
	key string
}

// pushedLabels are those of the service. Labels of samples stay here: each process would become a series of its own at
// the server, and its limit of series is soon reached.
func pushedLabels(w *store.Outgoing, server *Server) pushed {
	rank := map[string]int{}
	for i, name := range labelOrder {
		rank[name] = i
	}
	added := rank[""]
	for i, name := range lastLabels {
		rank[name] = len(labelOrder) + 1 + i
	}
	type ranked struct {
		name, value string
		rank        int
	}
	var all []ranked
	replaced := map[string]bool{}
	for _, label := range server.Labels {
		replaced[label.Name] = true
		all = append(all, ranked{label.Name, label.Value, added})
	}
	for _, label := range w.Labels {
		if replaced[label.Name] {
			continue
		}
		place, known := rank[label.Name]
		if !known {
			place = len(labelOrder)
		}
		all = append(all, ranked{label.Name, label.Value, place})
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name)) })
	var made pushed
	for _, label := range all[min(len(all), maxLabels-1):] {
		made.leftOut = append(made.leftOut, label.name)
	}
	all = all[:min(len(all), maxLabels-1)]
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Compare(a.name, b.name) })
	var key strings.Builder
	add := func(name, value string) {
		made.labels = append(made.labels, &typesv1.LabelPair{Name: name, Value: value})
		key.WriteString(name + "\x00" + value + "\x00")
	}
	add("__name__", w.Type.Name)
	for _, label := range all {
		add(label.name, label.value)
	}
	key.WriteString(w.Type.String())
	made.key = key.String()
	return made
}

// selector matches the series and no other: a label that it lacks and another has is said to be empty, as far as names of
// labels are known.
func (p *pushed) selector() string {
	var matchers []string
	own := map[string]bool{}
	for _, label := range p.labels {
		own[label.GetName()] = true
		if label.GetName() != "__name__" { // the profile type says it
			matchers = append(matchers, label.GetName()+"="+quoted(label.GetValue()))
		}
	}
	for _, name := range append(slices.Clone(labelOrder), lastLabels...) {
		if name != "" && !own[name] {
			matchers = append(matchers, name+`=""`)
		}
	}
	return "{" + strings.Join(matchers, ",") + "}"
}

// quoted writes a value as Prometheus' parser reads it.
func quoted(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}
