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
)

// Labels of containers that say who they are. Docker gives a container the labels of its image too.
const (
	serviceLabel        = "pyrometer.service"
	composeProjectLabel = "com.docker.compose.project"
	composeServiceLabel = "com.docker.compose.service"
	composeNumberLabel  = "com.docker.compose.container-number"
	imageSourceLabel    = "org.opencontainers.image.source"
	imageRevisionLabel  = "org.opencontainers.image.revision"
)

// Container is what an engine knows of a container.
type Container struct {
	// ID is 64 hex digits.
	ID string
	// Name without Docker's leading slash.
	Name  string
	Image string
	// ImageDigest is "sha256:<hex>" of the registry, else of the image's own id; "" where it is not known.
	ImageDigest string
	// Pod and Namespace are Kubernetes'; else "".
	Pod       string
	Namespace string
	// Labels of the container and its image. Not to be written to.
	Labels map[string]string
	// Incomplete says that its image was not looked at yet; Generation changes when it was.
	Incomplete bool
}

// service is the container's service_name: what its label says, else its name, of a Compose service without the number of
// the replica ("shop-web-1" and "shop_web_2" are "shop-web" and "shop_web").
func (c Container) service() string {
	if service := c.Labels[serviceLabel]; service != "" {
		return service
	}
	number := c.Labels[composeNumberLabel]
	if number == "" || c.Labels[composeServiceLabel] == "" {
		return c.Name
	}
	for _, separator := range []string{"-", "_"} {
		// Only what Compose itself made up: a container_name of the user's may end in a number of its own.
		made := strings.Join([]string{c.Labels[composeProjectLabel], c.Labels[composeServiceLabel], number}, separator)
		if c.Name == made {
			return strings.TrimSuffix(c.Name, separator+number)
		}
	}
	return c.Name
}

// values are the labels of what runs in the container.
func (c Container) values() map[string]string {
	return map[string]string{
		labelServiceName:       c.service(),
		labelContainer:         c.Name,
		labelContainerID:       c.ID,
		labelImage:             c.Image,
		labelImageDigest:       c.ImageDigest,
		labelPod:               c.Pod,
		labelNamespace:         c.Namespace,
		labelComposeProject:    c.Labels[composeProjectLabel],
		labelComposeService:    c.Labels[composeServiceLabel],
		labelServiceRepository: c.Labels[imageSourceLabel],
		labelServiceGitRef:     c.Labels[imageRevisionLabel],
	}
}

type knownContainer struct {
	Container
	running bool
	// ended is zero until it ended.
	ended time.Time
}

// replace takes over a list. What was known and is not listed any more has ended.
func (d *Docker) replace(listed []container.Summary, digests map[string]string) {
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
		found := newContainer(summary.ID, name, summary.Image, summary.Labels)
		found.ImageDigest = digests[summary.ImageID]
		d.containers[summary.ID] = &knownContainer{
			Container: found,
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

// apply takes over one event. Those of a container carry its name, image and labels. It answers the id of a container whose
// image is to be looked at, "" for none.
func (d *Docker) apply(message events.Message) (incomplete string) {
	if message.Type != events.ContainerEventType {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	id, attributes := message.Actor.ID, message.Actor.Attributes
	known := d.containers[id]
	if known == nil {
		if attributes["name"] == "" {
			return ""
		}
		known = &knownContainer{Container: Container{Incomplete: true}}
		d.containers[id] = known
	}
	switch {
	case attributes["name"] == "":
	case known.Incomplete:
		// Labels stand among the event's own attributes here, as exitCode; the engine is asked which are which.
		known.Container = newContainer(id, attributes["name"], attributes["image"], attributes)
		known.Incomplete = true
	default:
		known.Name = strings.TrimPrefix(attributes["name"], "/")
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
	if known.Incomplete && message.Action != events.ActionDestroy {
		return id
	}
	return ""
}

// complete notes what the engine says of a container; of one that it cannot tell of any more, digest is "" and labels nil.
func (d *Docker) complete(id, digest string, labels map[string]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.containers[id]
	if known == nil || !known.Incomplete {
		return
	}
	known.ImageDigest, known.Incomplete = digest, false
	if labels != nil {
		known.Labels = labels
	}
	d.changed(d.now())
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
		ID: id, Name: strings.TrimPrefix(name, "/"), Image: image, Labels: labels,
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
