package push

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
)

// Store is what a pusher reads windows from and keeps its place in; *store.Store is one.
type Store interface {
	WindowsAfter(ctx context.Context, id int64, limit int) ([]store.Outgoing, error)
	WindowsAt(ctx context.Context, startMs int64) ([]store.Outgoing, error)
	WindowProfile(ctx context.Context, id int64) (*googlev1.Profile, error)
	CountAfter(ctx context.Context, id int64) (int64, error)
	LastBefore(ctx context.Context, startMs int64) (int64, error)
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
	// refusalShown is how long the reason for a refused window stays in the status while others go through.
	refusalShown = 2 * time.Minute
	// partRoom is how many milliseconds lie between profiles of windows that would be the same series at the same time.
	partRoom = 100
)

// Status of pushing to one server.
type Status struct {
	URL, Tenant string
	// Authentication is Credentials.Kind; OwnCA says that certificates were given.
	Authentication string
	OwnCA          bool
	Labels         []target.Label
	// Error is empty while it works; else one sentence: what the server said and what to do.
	Error string
	// Pushed counts windows since the start; Waiting is how many are still to be sent.
	Pushed, Waiting uint64
	// TooOld and Refused count windows that the server never got, also before the agent's last start: they are in the store only.
	TooOld, Refused uint64
	// LastSuccessMs is in Unix milliseconds, 0 when there was none.
	LastSuccessMs int64
	// Series are distinct label sets of the last hour, SeriesForecast how many they become at the present rate of new ones.
	Series, SeriesForecast uint64
	// LabelsLeftOut are names of labels for which there was no room, sorted.
	LabelsLeftOut []string
}

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
	place    place
	pace     pace
	series   seriesCount
	leftOut  map[string]bool
	neighbor neighbors
	// doubt is how many of the next windows the server may have taken without our knowing: it is asked before they are sent.
	doubt int

	mu        sync.Mutex
	status    Status
	refusedAt time.Time
}

func newPusher(options Options, server Server) (*Pusher, error) {
	client, err := newClient(&server)
	if err != nil {
		return nil, err
	}
	return &Pusher{
		options: options, server: server, client: client, wake: make(chan struct{}, 1), closed: make(chan struct{}, 1),
		leftOut: map[string]bool{},
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

// snapshot is the status now.
func (p *Pusher) snapshot() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := p.status
	status.LabelsLeftOut = slices.Clone(status.LabelsLeftOut)
	return status
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
	if p.place.Version == 0 {
		if err := p.begin(ctx); err != nil {
			return 0, err
		}
	}
	for {
		windows, err := p.options.Store.WindowsAfter(ctx, p.place.Done, batch)
		if err != nil {
			return 0, err
		}
		before := p.place
		held, err := p.sendAll(ctx, windows)
		if p.place != before {
			// Also when the round was interrupted: what was sent was sent.
			err = errors.Join(err, p.savePlace(context.WithoutCancel(ctx), p.place))
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
	at, known, err := p.loadPlace(ctx)
	if err != nil {
		return err
	}
	if !known || p.added {
		first, err := p.options.Store.LastBefore(ctx, p.options.Now().Add(-firstAge).UnixMilli())
		if err != nil {
			return err
		}
		at = place{Done: max(at.Done, first)}
	}
	if known {
		p.doubt = batch // A crash may have come between an answer and the note of the place.
	}
	at.Version = placeVersion
	p.place = at
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.TooOld, p.status.Refused = at.TooOld, at.Refused
	return nil
}

// sendAll moves the place on, and says whether the next window waits for names.
func (p *Pusher) sendAll(ctx context.Context, windows []store.Outgoing) (held bool, err error) {
	for i := range windows {
		w := &windows[i]
		if w.StartMs < p.options.Now().Add(-acceptedAge).UnixMilli() {
			p.tooOld()
			p.done(w)
			continue
		}
		if w.EndMs > p.options.Now().Add(-namingGrace).UnixMilli() {
			unnamed, err := p.options.Store.CountUnnamed(ctx)
			if err != nil || unnamed > 0 {
				return err == nil, err
			}
		}
		err := p.sendWindow(ctx, w)
		var why *failure
		switch {
		case err == nil:
			p.succeeded()
		case errors.As(err, &why) && why.refused && time.UnixMilli(w.StartMs).Before(why.oldest):
			p.tooOld()
		case errors.As(err, &why) && why.refused:
			p.refused(ctx, why)
		default:
			if ctx.Err() != nil || errors.As(err, &why) && why.unsure {
				p.doubt = max(p.doubt, 1)
			}
			return false, err
		}
		p.done(w)
	}
	return false, nil
}

func (p *Pusher) done(w *store.Outgoing) {
	p.place.Done = w.ID
	p.doubt = max(0, p.doubt-1)
}

func (p *Pusher) sendWindow(ctx context.Context, w *store.Outgoing) error {
	profile, err := p.options.Store.WindowProfile(ctx, w.ID)
	if err != nil {
		return err
	}
	if profile == nil || len(profile.GetSample()) == 0 {
		return nil // Deleted by retention since, or without a sample: there is nothing to send.
	}
	series := pushedLabels(w, &p.server)
	shift, err := p.neighbor.before(ctx, p.options.Store, w, &p.server, series.key)
	if err != nil {
		return err
	}
	profile.TimeNanos += shift * partRoom * int64(time.Millisecond)
	for _, part := range split(profile, cmp.Or(p.options.samples, maxSamples), cmp.Or(p.options.bytes, maxBytes)) {
		if p.doubt > 0 {
			there, err := p.client.holds(ctx, &series, w.Type.String(), part.GetTimeNanos()/int64(time.Millisecond))
			if err != nil {
				return err
			}
			if there {
				continue
			}
		}
		body, plainBytes, err := encodeRequest(series.labels, part)
		if err != nil {
			return err
		}
		if wait := p.pace.after(p.options.Now(), plainBytes); wait > 0 && !pause(ctx, wait) {
			return ctx.Err()
		}
		if err := p.client.send(ctx, body); err != nil {
			var why *failure
			if errors.As(err, &why) && why.tooMuch {
				p.pace.tooMuch()
			}
			return err
		}
		p.pace.taken()
	}
	p.counted(w, &series)
	return nil
}

func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// counted notes the series of a window that was pushed.
func (p *Pusher) counted(w *store.Outgoing, series *pushed) {
	p.series.note(series.key, w.EndMs)
	now, forecast := p.series.counted()
	for _, name := range series.leftOut {
		p.leftOut[name] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Series, p.status.SeriesForecast = now, forecast
	if len(p.leftOut) != len(p.status.LabelsLeftOut) {
		p.status.LabelsLeftOut = nil
		for name := range p.leftOut {
			p.status.LabelsLeftOut = append(p.status.LabelsLeftOut, name)
		}
		slices.Sort(p.status.LabelsLeftOut)
	}
}

func (p *Pusher) tooOld() {
	p.place.TooOld++
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.TooOld++
}

func (p *Pusher) succeeded() {
	now := p.options.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Pushed++
	p.status.LastSuccessMs = now.UnixMilli()
	if now.Sub(p.refusedAt) > refusalShown {
		p.status.Error = ""
	}
}

func (p *Pusher) refused(ctx context.Context, why *failure) {
	p.options.Logger.WarnContext(ctx, "window refused", slog.String("reason", why.sentence))
	p.place.Refused++
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Refused++
	p.status.Error = why.sentence
	p.refusedAt = p.options.Now()
}

func (p *Pusher) countWaiting(ctx context.Context) error {
	waiting, err := p.options.Store.CountAfter(ctx, p.place.Done)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Waiting = uint64(waiting) //nolint:gosec // a count
	return nil
}

// noteError shows an error in the status and returns how long the server wants to be left alone.
func (p *Pusher) noteError(ctx context.Context, err error) time.Duration {
	if errors.Is(err, context.Canceled) {
		return 0 // The settings changed, or the agent stops.
	}
	var why *failure
	sentence, after := fmt.Sprintf("Windows cannot be read from the store: %v", err), time.Duration(0)
	if errors.As(err, &why) {
		sentence, after = why.sentence, why.after
	}
	p.options.Logger.WarnContext(ctx, "push windows", slog.String("reason", sentence))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Error = sentence
	return after
}

// neighbors remembers the windows of one time: those of an interval are sent one after the other.
type neighbors struct {
	startMs int64
	windows []store.Outgoing
}

// before counts the windows that were stored before one, begin at the same time and would be the same series at the server,
// because labels that told them apart were left out or replaced. What is sent again must get the same answer: it depends on what
// is stored alone.
func (n *neighbors) before(ctx context.Context, from Store, w *store.Outgoing, server *Server, key string) (int64, error) {
	if n.startMs != w.StartMs || len(n.windows) == 0 || n.windows[len(n.windows)-1].ID < w.ID {
		windows, err := from.WindowsAt(ctx, w.StartMs)
		if err != nil {
			return 0, err
		}
		n.startMs, n.windows = w.StartMs, windows
	}
	var same int64
	for i := range n.windows {
		other := &n.windows[i]
		if other.ID >= w.ID {
			break
		}
		if made := pushedLabels(other, server); made.key == key {
			same++
		}
	}
	return same, nil
}
