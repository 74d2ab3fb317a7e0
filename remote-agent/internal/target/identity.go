// Package target knows who a process is: container, compose project, executable, labels.
package target

// Identity is what the labels of a service are made of. Two processes with equal Labels are one service.
type Identity struct {
	// Labels, with service_name and host unless rules changed that; see remote-agent/README.md for the others.
	// Sorted by name, no duplicates, no empty values. Never written to after it was returned.
	Labels []Label
	// Dropped says that rules of the user's want nothing of the process stored. There are no labels then.
	Dropped bool
	// Provisional says that the answer may be a better one soon: the engine of its container was not heard of it yet.
	Provisional bool
}

// Service is the label service_name, "" where rules took it away.
func (i Identity) Service() string {
	for _, label := range i.Labels {
		if label.Name == labelServiceName {
			return label.Value
		}
	}
	return ""
}

// Label is one name and value.
type Label struct {
	Name  string
	Value string
}
