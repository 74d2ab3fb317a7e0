package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	"pyrometer.dev/remote-agent/internal/pause"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
)

// Store is what a pusher reads windows from and keeps its place in; *store.Store is one.
type Store interface {
	WindowsAfter(ctx context.Context, id int64, limit int) ([]store.Outgoing, error)
	WindowsBetween(ctx context.Context, fromMs, untilMs int64) ([]store.Outgoing, error)
	WindowProfile(ctx context.Context, id int64) (*googlev1.Profile, error)
	CountAfter(ctx context.Context, id int64) (int64, error)
	PlaceBefore(ctx context.Context, startMs int64) (int64, error)
	Generation() int64
	CountUnnamed(ctx context.Context) (int, error)
	Setting(ctx context.Context, name string) ([]byte, error)
	SetSetting(ctx context.Context, name string, value []byte) error
}

var _ Store = (*store.Store)(nil)

const (
	// acceptedAge is how old a window may be: a server refuses what is older than an hour, unless it is set otherwise. One that
	// takes less says so.
	acceptedAge = time.Hour
	// firstAge is how far back a server that is new begins.
	firstAge = 55 * time.Minute
	// namingGrace is how long a window waits until its native frames have names: at a server they can never be amended.
	namingGrace = 20 * time.Second
	// namingPoll is how often that is looked at.
	namingPoll = 2 * time.Second
	minBackoff = time.Second
	maxBackoff = time.Minute
	// maxRetryAfter is how long a server may ask to be left alone: longer, and windows would get too old.
	maxRetryAfter = 10 * time.Minute
	// batch is how many windows are sent between two notes of the place. After a crash the server is asked for as many.
	batch = 50
)

// Options of pushing. Store is required.
type Options struct {
	Store  Store
	Logger *slog.Logger
	Now    func() time.Time
	// samples and bytes that one profile may have; 0, but for tests: the limits of Pyroscope.
	samples, bytes int
}

// Pusher goes through the store's windows in the order of storing, for one server, and keeps its place there.
type Pusher struct {
	options Options
	server  Server
	client  *client
	wake    chan struct{}
	closed  chan struct{}
	// added says that the server was set in this run of the agent, not kept from an earlier one.
	added bool

	// The rest up to mu is the business of Run.
	place place
	// generation is of the store that the place is in.
	generation int64
	// changed says that the place is not yet kept as it is.
	changed bool
	pace    pace
	series  seriesCount
	leftOut map[string]bool
	layouts layouts
	near    neighbors
	// doubt is how many of the next windows the server may have taken without our knowing: it is asked before they are sent.
	doubt int
	// unasked counts the questions in a row that the server failed to answer.
	unasked int
	// passes counts the windows that the server took in this run.
	passes  uint64
	failing failing
	// suspects are series, by seriesHash, at which the server fails while it takes others.
	suspects map[string]bool
	// asideSaid is the server's last failure at a window that is aside.
	asideSaid string

	mu        sync.Mutex
	status    Status
	refusedAt time.Time
	// asideSentence is shown while there is no other error.
	asideSentence string
}

func newPusher(options Options, server Server) (*Pusher, error) {
	client, err := newClient(&server)
	if err != nil {
		return nil, err
	}
	return &Pusher{
		options: options, server: server, client: client, wake: make(chan struct{}, 1), closed: make(chan struct{}, 1),
		leftOut: map[string]bool{}, suspects: map[string]bool{},
		status: Status{
			URL: server.URL, Tenant: server.Tenant, Authentication: server.Credentials.Kind(), OwnCA: server.CA != "", Labels: server.Labels,
		},
	}, nil
}

func signal(channel chan<- struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}

// run pushes until the context ends.
func (p *Pusher) run(ctx context.Context) {
	defer p.client.close()
	backoff := minBackoff
	for {
		wait, err := p.round(ctx)
		if err == nil {
			backoff = minBackoff
		} else {
			wait = max(p.noteError(ctx, err), jitter(backoff))
			backoff = min(2*backoff, maxBackoff)
		}
		if !p.sleep(ctx, wait, err != nil) {
			return
		}
	}
}

// sleep returns false when the context has ended. New windows do not cut a back-off short.
func (p *Pusher) sleep(ctx context.Context, wait time.Duration, failing bool) bool {
	closed := p.closed
	if failing {
		closed = nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-p.wake:
	case <-closed:
	}
	return true
}

func jitter(duration time.Duration) time.Duration {
	return time.Duration(float64(duration) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // no secret
}

// idle is how long a round without work waits for the next, when nothing wakes it.
const idle = 15 * time.Second

// round sends what waits. It returns how long to wait for the next one.
func (p *Pusher) round(ctx context.Context) (time.Duration, error) {
	if p.place.Version == 0 || p.generation != p.options.Store.Generation() {
		if err := p.begin(ctx); err != nil {
			return 0, err
		}
	}
	for {
		windows, err := p.options.Store.WindowsAfter(ctx, p.place.Done, batch)
		if err != nil {
			return 0, err
		}
		held, err := p.sendAll(ctx, windows)
		if err == nil {
			err = p.retryAside(ctx)
		}
		if p.changed {
			// Also when the round was interrupted: what was sent was sent.
			saveErr := p.savePlace(context.WithoutCancel(ctx), p.place)
			p.changed = saveErr != nil
			err = errors.Join(err, saveErr)
		}
		err = errors.Join(err, p.countWaiting(ctx))
		switch {
		case err != nil:
			return 0, err
		case held:
			return namingPoll, nil
		case len(windows) < batch:
			return idle, nil
		}
	}
}

// begin finds the place. A server that is new begins with what it would accept, and what nobody meant for it is not counted as
// too old.
func (p *Pusher) begin(ctx context.Context) error {
	p.generation, p.near = p.options.Store.Generation(), neighbors{}
	at, known, err := p.loadPlace(ctx)
	if err == nil {
		err = p.loadLayouts(ctx)
	}
	if err != nil {
		return err
	}
	if !known || p.added {
		first, err := p.options.Store.PlaceBefore(ctx, p.options.Now().Add(-firstAge).UnixMilli())
		if err != nil {
			return err
		}
		at = place{Done: max(at.Done, first), Aside: at.Aside}
	}
	if known {
		p.doubt = batch // A crash may have come between an answer and the note of the place.
	}
	at.Version = placeVersion
	p.place, p.asideSaid = at, "before the agent's last start."
	p.tellAside()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.TooOld, p.status.Refused = at.TooOld, at.Refused
	return nil
}

// sendAll moves the place on, and says whether the next window waits for names.
func (p *Pusher) sendAll(ctx context.Context, windows []store.Outgoing) (held bool, err error) {
	for i := range windows {
		w := &windows[i]
		p.tooOld(w.ID - p.place.Done - 1) // Ids have no gaps: what is missing was deleted before it was sent.
		if p.isTooOld(w) {
			p.tooOld(1)
			p.done(w)
			continue
		}
		if !isFromSDK(w) && w.EndMs > p.options.Now().Add(-namingGrace).UnixMilli() {
			unnamed, err := p.options.Store.CountUnnamed(ctx)
			if err != nil || unnamed > 0 {
				return err == nil, err
			}
		}
		err := p.sendWindow(ctx, w, p.doubt > 0)
		if p.settle(ctx, w, err) {
			p.done(w)
			continue
		}
		isAside, atOnce := p.setAside(ctx, w, err)
		if isAside {
			p.done(w)
		}
		if !atOnce {
			return false, err
		}
	}
	return false, nil
}

// isFromSDK says that a window was pushed to the agent, with all the names that it ever gets. It may end when its sender wants.
func isFromSDK(w *store.Outgoing) bool {
	return slices.ContainsFunc(w.Labels, func(label target.Label) bool { return label.Name == store.OriginLabel })
}

func (p *Pusher) isTooOld(w *store.Outgoing) bool {
	return w.StartMs < p.options.Now().Add(-acceptedAge).UnixMilli()
}

// settle counts a window that the server took, or never will; false where it is worth trying again.
func (p *Pusher) settle(ctx context.Context, w *store.Outgoing, err error) bool {
	var why *failure
	switch {
	case err == nil:
		p.succeeded()
	case errors.As(err, &why) && why.refused && time.UnixMilli(w.StartMs).Before(why.oldest):
		p.tooOld(1)
	case errors.As(err, &why) && why.refused:
		p.refused(ctx, why)
	default:
		return false
	}
	return true
}

func (p *Pusher) done(w *store.Outgoing) {
	p.changed = true
	p.place.Done = w.ID
	p.doubt = max(0, p.doubt-1)
}

// sendWindow pushes a window. ask says that the server may have it, or parts of it.
func (p *Pusher) sendWindow(ctx context.Context, w *store.Outgoing, ask bool) error {
	profile, err := p.options.Store.WindowProfile(ctx, w.ID)
	if err != nil && ctx.Err() == nil {
		// A damaged one must not keep the others waiting either.
		return &failure{unsure: true, sentence: fmt.Sprintf("A window cannot be read from the store: %v", err)}
	}
	if err != nil {
		return err
	}
	if profile == nil || len(profile.GetSample()) == 0 {
		return nil // Deleted by retention since, or without a sample: there is nothing to send.
	}
	series := pushedLabels(w, &p.server)
	if ask && p.layouts.find(w.ID) == nil {
		// What was sent without a layout was sent whole and at its own start, if no other has that.
		at, err := p.free(ctx, w, series.key, 1)
		if err == nil && at == w.StartMs {
			var there bool
			if there, err = p.holds(ctx, &series, w, at); there {
				return nil
			}
		}
		if err != nil {
			return err
		}
		ask = false
	}
	parts, err := p.lay(ctx, w, series.key, profile)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if ask {
			there, err := p.holds(ctx, &series, w, part.GetTimeNanos()/int64(time.Millisecond))
			if err != nil {
				return err
			}
			if there {
				continue
			}
		}
		if err := p.sendPart(ctx, &series, part); err != nil {
			return err
		}
		p.doubt = max(p.doubt, 1) // until the window is done with
	}
	p.counted(w, &series)
	return nil
}

// sendPart pushes one profile. Where it is not known whether it arrived, the server is asked before it is sent again.
func (p *Pusher) sendPart(ctx context.Context, series *pushed, part *googlev1.Profile) error {
	body, plainBytes, err := encodeRequest(series.labels, part)
	if err != nil {
		return err
	}
	if wait := p.pace.after(p.options.Now(), plainBytes); wait > 0 && !pause.For(ctx, wait) {
		return ctx.Err()
	}
	err = p.client.send(ctx, body)
	var why *failure
	switch {
	case err == nil:
		p.pace.taken()
		return nil
	case ctx.Err() != nil || errors.As(err, &why) && why.unsure:
		p.doubt = max(p.doubt, 1)
	case errors.As(err, &why) && why.tooMuch:
		p.pace.tooMuch()
	}
	return err
}

// holds asks the server for a profile. One that takes profiles and fails at questions must not keep everything waiting: what may be
// there is sent again then, and equal content is counted once as long as the server remembers it.
func (p *Pusher) holds(ctx context.Context, series *pushed, w *store.Outgoing, ms int64) (bool, error) {
	there, err := p.client.holds(ctx, series, w.Type.String(), ms)
	if asideReason(err) == nil {
		if err == nil {
			p.unasked = 0
		}
		return there, err
	}
	if p.unasked++; p.unasked < asideAfter {
		return false, err
	}
	return false, nil
}
