// Package target knows who a process is: container, compose project, executable, labels.
package target

// Identity is what the labels of a service are made of. Two processes with equal Labels are one service.
type Identity struct {
	// Labels, always with service_name and host; for containers also container, container_id, image and, where Docker
	// knows it, compose_project and compose_service; runtime ("python", "node", ...) when the stacks told it.
	// Sorted by name, no duplicates, no empty values. Never written to after it was returned.
	Labels []Label
}

// Label is one name and value.
type Label struct {
	Name  string
	Value string
}
