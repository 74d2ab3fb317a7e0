package target

import (
	"context"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

const (
	// imageTimeout bounds one question about an image: events wait for the answer.
	imageTimeout = 2 * time.Second
	// maxImages bounds what is remembered of a host that builds all day.
	maxImages = 4096
)

// imageDigests knows the digests of images by their ids, and asks once for each. Not safe for concurrent use.
type imageDigests struct {
	docker *client.Client
	known  map[string]string
}

// ofContainer is the digest of a container's image, and the container's labels; "" and nil when the engine does not say, as of
// one that is gone already.
func (i *imageDigests) ofContainer(ctx context.Context, id string) (digest string, labels map[string]string) {
	ctx, cancel := context.WithTimeout(ctx, imageTimeout)
	defer cancel()
	found, err := i.docker.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return "", nil
	}
	if config := found.Container.Config; config != nil {
		labels = config.Labels
	}
	return i.of(ctx, found.Container.Image), labels
}

// of is the digest that the image has in its registry; of one that was never in any, its own id, which is a digest too.
func (i *imageDigests) of(ctx context.Context, imageID string) string {
	if imageID == "" {
		return ""
	}
	if digest, ok := i.known[imageID]; ok {
		return digest
	}
	ctx, cancel := context.WithTimeout(ctx, imageTimeout)
	defer cancel()
	digest := imageID
	if found, err := i.docker.ImageInspect(ctx, imageID); err == nil && len(found.RepoDigests) > 0 {
		// "name@sha256:<hex>"
		if _, registered, ok := strings.Cut(found.RepoDigests[0], "@"); ok {
			digest = registered
		}
	}
	if len(i.known) >= maxImages {
		clear(i.known)
	}
	i.known[imageID] = digest
	return digest
}
