package target

import (
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
)

const (
	// deadContainerLife is how long a container that was removed is still named: its samples may come later.
	deadContainerLife = 10 * time.Minute

	composeProjectLabel = "com.docker.compose.project"
	composeServiceLabel = "com.docker.compose.service"
)

// Container is what Docker knows of a container.
type Container struct {
	// ID is 64 hex digits.
	ID string
	// Name without Docker's leading slash.
	Name           string
	Image          string
	ComposeProject string
	ComposeService string
}

type knownContainer struct {
	Container
	running bool
	// ended is zero until it ended.
	ended time.Time
}

// replace takes over a list. What was known and is not listed any more has ended.
func (d *Docker) replace(listed []container.Summary) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	present := make(map[string]bool, len(listed))
	for i := range listed {
		summary := &listed[i]
		present[summary.ID] = true
		name := summary.ID
		if len(summary.Names) > 0 {
			name = ownName(summary.Names)
		}
		d.containers[summary.ID] = &knownContainer{
			Container: newContainer(summary.ID, name, summary.Image, summary.Labels),
			running:   summary.State == container.StateRunning || summary.State == container.StatePaused,
		}
	}
	for id, known := range d.containers {
		if !present[id] && known.ended.IsZero() {
			known.running, known.ended = false, now
		}
	}
	d.status = DockerStatus{Reachable: true}
	d.changed(now)
}

// apply takes over one event. Those of a container carry its name, image and labels.
func (d *Docker) apply(message events.Message) {
	if message.Type != events.ContainerEventType {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	id, attributes := message.Actor.ID, message.Actor.Attributes
	known := d.containers[id]
	if known == nil {
		if attributes["name"] == "" {
			return
		}
		known = &knownContainer{}
		d.containers[id] = known
	}
	if attributes["name"] != "" {
		known.Container = newContainer(id, attributes["name"], attributes["image"], attributes)
	}
	switch message.Action {
	case events.ActionStart:
		known.running, known.ended = true, time.Time{}
	case events.ActionDie:
		known.running = false
	case events.ActionDestroy:
		known.running, known.ended = false, now
	}
	d.changed(now)
}

// changed is called with the lock held. It drops containers that were removed long ago.
func (d *Docker) changed(now time.Time) {
	d.generation++
	for id, known := range d.containers {
		if !known.ended.IsZero() && now.Sub(known.ended) >= deadContainerLife {
			delete(d.containers, id)
		}
	}
}

func newContainer(id, name, image string, labels map[string]string) Container {
	return Container{
		ID: id, Name: strings.TrimPrefix(name, "/"), Image: image,
		ComposeProject: labels[composeProjectLabel], ComposeService: labels[composeServiceLabel],
	}
}

// ownName picks the container's own among its names: with Docker's links it has others, as "/other/alias".
func ownName(names []string) string {
	for _, name := range names {
		if !strings.Contains(strings.TrimPrefix(name, "/"), "/") {
			return name
		}
	}
	return names[0]
}
