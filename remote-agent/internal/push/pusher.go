// Package push sends stored windows to a Pyroscope server.
package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
	"pyrometer.dev/remote-agent/internal/store"
)

// Store is what a pusher reads windows from and keeps its place in; *store.Store is one.
type Store interface {
	WindowsAfter(ctx context.Context, id int64, limit int) ([]store.Outgoing, error)
	WindowProfile(ctx context.Context, id int64) (*googlev1.Profile, error)
	CountAfter(ctx context.Context, id int64) (int64, error)
	LastBefore(ctx context.Context, startMs int64) (int64, error)
	CountUnnamed(ctx context.Context) (int, error)
	Setting(ctx context.Context, name string) ([]byte, error)
	SetSetting(ctx context.Context, name string, value []byte) error
}

var _ Store = (*store.Store)(nil)

const (
	// acceptedAge is how old a window may be: servers refuse what is older than an hour, and this leaves time to send.
	acceptedAge = 55 * time.Minute
	// namingGrace is how long a window waits until its native frames have names: at a server they can never be amended.
	namingGrace = 20 * time.Second
	// namingPoll is how often that is looked at.
	namingPoll = 2 * time.Second
	minBackoff = time.Second
	maxBackoff = time.Minute
	// batch is how many windows are sent between two notes of the place. After a crash as many are sent again, which a
	// server does not count twice.
	batch = 50
	// refusalShown is how long the reason for a refused window stays in the status while others go through.
	refusalShown = 2 * time.Minute
)

// Status of pushing.
type Status struct {
	URL string
	// Error is empty while it works; else one sentence: what the server said and what to do.
	Error string
	// Pushed, TooOld and Refused count windows since the start; Waiting is how many are still to be sent.
	Pushed, TooOld, Refused, Waiting uint64
	// LastSuccessMs is in Unix milliseconds, 0 when there was none.
	LastSuccessMs int64
}

// Options of a Pusher. Store is required.
type Options struct {
	Store  Store
	Logger *slog.Logger
	Now    func() time.Time
}

// Pusher goes through the store's windows in the order of storing and keeps its place there, for each server apart.
type Pusher struct {
	options Options
	client  *client
	wake    chan struct{}
	// samples and bytes that one profile may have; constants but for tests.
	samples, bytes int

	mu        sync.Mutex
	settings  Settings
	status    Status
	refusedAt time.Time
	interrupt context.CancelFunc // ends the sending that runs with older settings
}

// New makes a pusher with the settings that were kept; Run does the pushing.
func New(ctx context.Context, options Options) (*Pusher, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	encoded, err := options.Store.Setting(ctx, settingName)
	if err != nil {
		return nil, err
	}
	settings, err := decodeSettings(encoded)
	if err != nil {
		// Pushing can be set anew; the agent's main work must not end over it.
		options.Logger.WarnContext(ctx, "kept push settings are not used", slog.Any("error", err))
		settings = Settings{}
	}
	return &Pusher{
		options: options, client: newClient(), wake: make(chan struct{}, 1), samples: maxSamples, bytes: maxBytes,
		settings: settings, status: Status{URL: settings.URL},
	}, nil
}

// Set changes where windows go, at once; it is kept across restarts, but for the headers. See control.PushSettings.
func (p *Pusher) Set(ctx context.Context, settings Settings) error {
	settings, err := settings.checked()
	if err != nil {
		return err
	}
	encoded, err := settings.encode()
	if err != nil {
		return err
	}
	if err := p.options.Store.SetSetting(ctx, settingName, encoded); err != nil {
		return err
	}
	p.mu.Lock()
	p.settings = settings
	p.status.URL, p.status.Error, p.status.Waiting = settings.URL, "", 0
	if p.interrupt != nil {
		p.interrupt()
	}
	p.mu.Unlock()
	p.Wake()
	return nil
}

// Wake tells Run that there may be a new window.
func (p *Pusher) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Status now.
func (p *Pusher) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// Run pushes until the context ends. closed wakes it, see store.Recorder.Watch; it may be nil.
func (p *Pusher) Run(ctx context.Context, closed <-chan struct{}) {
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
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-p.wake:
			backoff = minBackoff
		case <-p.unlessFailing(closed, err):
		}
		timer.Stop()
	}
}

// unlessFailing keeps new windows from cutting a back-off short.
func (p *Pusher) unlessFailing(closed <-chan struct{}, err error) <-chan struct{} {
	if err != nil {
		return nil
	}
	return closed
}

func jitter(duration time.Duration) time.Duration {
	return time.Duration(float64(duration) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // no secret
}

// idle is how long a round without work waits for the next, when nothing wakes it.
const idle = 15 * time.Second

// round sends what waits. It returns how long to wait for the next one.
func (p *Pusher) round(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	select {
	case <-p.wake: // What it was for is seen by this round.
	default:
	}
	p.mu.Lock()
	settings := p.settings
	p.interrupt = cancel
	p.mu.Unlock()
	if settings.URL == "" {
		return idle, nil
	}
	cursor, err := p.cursor(ctx, settings.URL)
	if err != nil {
		return 0, err
	}
	for {
		windows, err := p.options.Store.WindowsAfter(ctx, cursor, batch)
		if err != nil {
			return 0, err
		}
		done, held, err := p.sendAll(ctx, settings, windows)
		if done > 0 && done != cursor {
			cursor = done
			// Also when the round was interrupted: what was sent was sent.
			kept := p.options.Store.SetSetting(context.WithoutCancel(ctx), cursorName+settings.URL, []byte(strconv.FormatInt(cursor, 10)))
			err = errors.Join(err, kept)
		}
		err = errors.Join(err, p.countWaiting(ctx, settings.URL, cursor))
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

// cursor is the id of the last window that is done with. A server that is new begins with what it would accept.
func (p *Pusher) cursor(ctx context.Context, address string) (int64, error) {
	value, err := p.options.Store.Setting(ctx, cursorName+address)
	if err != nil {
		return 0, err
	}
	if id, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		return id, nil
	}
	return p.options.Store.LastBefore(ctx, p.options.Now().Add(-acceptedAge).UnixMilli())
}

// sendAll returns the id of the last window that is done with, 0 for none, and whether the next one waits for names.
func (p *Pusher) sendAll(ctx context.Context, settings Settings, windows []store.Outgoing) (done int64, held bool, err error) {
	for _, w := range windows {
		now := p.options.Now()
		if w.StartMs < now.Add(-acceptedAge).UnixMilli() {
			p.tooOld(now)
			done = w.ID
			continue
		}
		if w.EndMs > now.Add(-namingGrace).UnixMilli() {
			unnamed, err := p.options.Store.CountUnnamed(ctx)
			if err != nil || unnamed > 0 {
				return done, err == nil, err
			}
		}
		err := p.sendWindow(ctx, settings, w)
		var why *failure
		switch {
		case err == nil:
			p.succeeded(now)
		case errors.As(err, &why) && why.refused:
			p.refused(ctx, why)
		default:
			return done, false, err
		}
		done = w.ID
	}
	return done, false, nil
}

func (p *Pusher) sendWindow(ctx context.Context, settings Settings, w store.Outgoing) error {
	profile, err := p.options.Store.WindowProfile(ctx, w.ID)
	if err != nil {
		return err
	}
	if profile == nil || len(profile.GetSample()) == 0 {
		return nil // Deleted by retention since, or without a sample: there is nothing to send.
	}
	labels := seriesLabels(w, settings)
	for _, part := range split(profile, p.samples, p.bytes) {
		if err := p.client.send(ctx, settings, labels, part); err != nil {
			return err
		}
	}
	return nil
}

// seriesLabels are those of the service. Labels of samples stay here: each process would become a series of its own at
// the server, and its limit of series is soon reached.
func seriesLabels(w store.Outgoing, settings Settings) []*typesv1.LabelPair {
	replaced := map[string]bool{}
	pairs := []*typesv1.LabelPair{{Name: "__name__", Value: w.Type.Name}}
	for _, label := range settings.Labels {
		replaced[label.Name] = true
		pairs = append(pairs, &typesv1.LabelPair{Name: label.Name, Value: label.Value})
	}
	for _, label := range w.Labels {
		if !replaced[label.Name] {
			pairs = append(pairs, &typesv1.LabelPair{Name: label.Name, Value: label.Value})
		}
	}
	return pairs
}

func (p *Pusher) tooOld(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.TooOld++
	p.status.Error = fmt.Sprintf("%d windows waited for longer than a Pyroscope server accepts, and were left out.", p.status.TooOld)
	p.refusedAt = now
}

func (p *Pusher) succeeded(now time.Time) {
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
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Refused++
	p.status.Error = why.sentence
	p.refusedAt = p.options.Now()
}

func (p *Pusher) countWaiting(ctx context.Context, address string, cursor int64) error {
	waiting, err := p.options.Store.CountAfter(ctx, cursor)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.settings.URL == address {
		p.status.Waiting = uint64(waiting) //nolint:gosec // a count
	}
	return nil
}

// noteError shows an error in the status and returns how long the server wants to be left alone.
func (p *Pusher) noteError(ctx context.Context, err error) time.Duration {
	if errors.Is(err, context.Canceled) {
		return 0 // The settings changed, or the agent stops.
	}
	var why *failure
	sentence, after := "Windows cannot be read from the store: "+err.Error(), time.Duration(0)
	if errors.As(err, &why) {
		sentence, after = why.sentence, why.after
	}
	p.options.Logger.WarnContext(ctx, "push windows", slog.String("reason", sentence))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Error = sentence
	return after
}
