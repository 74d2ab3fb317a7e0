package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"pyrometer.dev/remote-agent/internal/pause"
)

const (
	// DefaultDockerHost is where Docker listens on Linux.
	DefaultDockerHost = "unix:///var/run/docker.sock"

	firstRetry  = 250 * time.Millisecond
	lastRetry   = 15 * time.Second
	dialTimeout = 2 * time.Second
	listTimeout = 10 * time.Second
)

// DockerStatus says whether containers can be named.
type DockerStatus struct {
	Reachable bool
	// Message says why not, and what to do; empty when reachable.
	Message string
	// Containers is how many run.
	Containers int
}

// Dialer connects to an engine.
type Dialer func(ctx context.Context) (net.Conn, error)

// Docker keeps a copy of Docker's containers, by a list at the start and events afterwards. Safe for concurrent use.
type Docker struct {
	host   string
	dial   Dialer // nil where host says how
	logger *slog.Logger
	now    func() time.Time
	starts *EngineStarts // nil where nobody wants them

	mu         sync.RWMutex
	containers map[string]*knownContainer
	generation uint64
	status     DockerStatus
}

var _ Containers = (*Docker)(nil)

// NewDocker makes a copy that is empty until Run. host is as in DOCKER_HOST; "" is DefaultDockerHost.
func NewDocker(host string, logger *slog.Logger) *Docker {
	if host == "" {
		host = DefaultDockerHost
	}
	return &Docker{
		host: host, logger: logger, now: time.Now,
		containers: make(map[string]*knownContainer),
		status:     DockerStatus{Message: "Docker was not asked yet."},
	}
}

// Through has the engine reached by a connection that somebody else makes, as who may not reach it himself does. To be called
// before Run.
func (d *Docker) Through(dial Dialer) { d.dial = dial }

// Starts are the starts of containers from the first Run on, also those while the connection was lost that Docker remembers. To be
// called before Run.
func (d *Docker) Starts() *EngineStarts {
	if d.starts == nil {
		d.starts = &EngineStarts{}
	}
	return d.starts
}

// Lookup finds a container by its 64 hex digits. See Containers.
func (d *Docker) Lookup(id string) (Container, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	known, ok := d.containers[id]
	if !ok {
		return Container{}, false
	}
	return known.Container, true
}

// Generation counts the changes. See Containers.
func (d *Docker) Generation() uint64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.generation
}

// Status says whether Docker answers now.
func (d *Docker) Status() DockerStatus {
	d.mu.RLock()
	defer d.mu.RUnlock()
	status := d.status
	if status.Reachable {
		for _, known := range d.containers {
			if known.running {
				status.Containers++
			}
		}
	}
	return status
}

// Run follows Docker until ctx ends, and connects again when it goes away.
func (d *Docker) Run(ctx context.Context) {
	retry := firstRetry
	for {
		connected, err := d.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if connected {
			retry = firstRetry
		}
		message := d.explain(err)
		d.mu.Lock()
		changed := d.status.Message != message
		d.status = DockerStatus{Message: message}
		d.mu.Unlock()
		if changed {
			d.logger.Info("docker is not reachable", "message", message)
		}
		if !pause.For(ctx, retry) {
			return
		}
		retry = min(2*retry, lastRetry)
	}
}

// Probe asks Docker once whether it answers.
func (d *Docker) Probe(ctx context.Context) DockerStatus {
	docker, err := d.connect(ctx)
	if err != nil {
		return DockerStatus{Message: d.explain(err)}
	}
	defer docker.Close()
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	listed, err := docker.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil {
		return DockerStatus{Message: d.explain(err)}
	}
	return DockerStatus{Reachable: true, Containers: len(listed.Items)}
}

// connect makes a client, and makes sure that somebody answers: what the client says of a connection that fails hides
// the reason.
func (d *Docker) connect(ctx context.Context) (*client.Client, error) {
	dial := d.dial
	if path, ok := strings.CutPrefix(d.host, "unix://"); ok && dial == nil {
		dialer := net.Dialer{Timeout: dialTimeout}
		dial = func(ctx context.Context) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) }
	}
	chosen := []client.Opt{client.WithHost(d.host), client.WithUserAgent("pyrometer-agent")}
	if dial != nil {
		connection, err := dial(ctx)
		if err != nil {
			return nil, fmt.Errorf("reach docker: %w", err)
		}
		if err := connection.Close(); err != nil {
			return nil, fmt.Errorf("reach docker: %w", err)
		}
		chosen = append(chosen, client.WithDialContext(func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }))
	}
	docker, err := client.New(chosen...)
	if err != nil {
		return nil, fmt.Errorf("open docker client for %q: %w", d.host, err)
	}
	return docker, nil
}

// follow connects, lists and follows events until the connection ends; connected says whether it got that far.
func (d *Docker) follow(ctx context.Context) (connected bool, err error) {
	docker, err := d.connect(ctx)
	if err != nil {
		return false, err
	}
	defer docker.Close()
	// The stream ends with this call, whatever the reason.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	// Events first: what happens between the list and the stream would be missed otherwise.
	stream := docker.Events(ctx, client.EventsListOptions{
		Since:   d.starts.since(),
		Filters: make(client.Filters).Add("type", string(events.ContainerEventType)),
	})
	listContext, cancelList := context.WithTimeout(ctx, listTimeout)
	listed, err := docker.ContainerList(listContext, client.ContainerListOptions{All: true})
	cancelList()
	if err != nil {
		return false, fmt.Errorf("list containers: %w", err)
	}
	images := imageDigests{docker: docker, known: make(map[string]string)}
	for i := range listed.Items {
		images.of(ctx, listed.Items[i].ImageID)
	}
	d.replace(listed.Items, images.known)
	d.starts.follow(d.now())
	for {
		select {
		case message := <-stream.Messages:
			if id := d.apply(message); id != "" {
				digest, labels := images.ofContainer(ctx, id)
				d.complete(id, digest, labels)
			}
			// Last: of a start that is told late nobody waits for what its container is.
			d.starts.note(message, d.now())
		case err := <-stream.Err:
			if err == nil {
				err = io.EOF
			}
			return true, fmt.Errorf("follow containers: %w", err)
		}
	}
}

// explain says in one sentence why Docker is not reachable and what to do.
func (d *Docker) explain(err error) string {
	address := strings.TrimPrefix(d.host, "unix://")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("Docker does not run here, there is no %s: processes are named by their executable.", address)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("The agent may not use Docker's socket %s, so containers have no names: "+
			"start the agent as root, or look at what else keeps it from the socket (SELinux, AppArmor).", address)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("Nobody answers on Docker's socket %s: start Docker (systemctl start docker).", address)
	case errors.Is(err, io.EOF):
		return "Docker closed the connection; the agent connects again as soon as Docker answers."
	default:
		return fmt.Sprintf("Docker does not answer at %s: %v.", d.host, err)
	}
}
