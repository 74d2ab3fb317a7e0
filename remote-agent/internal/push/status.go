package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
)

// refusalShown is how long the reason for a refused window stays in the status while others go through.
const refusalShown = 2 * time.Minute

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
	// TooOld and Refused count windows that the server never got, also before the agent's last start: they are in the store only, or
	// not even there any more.
	TooOld, Refused uint64
	// LastSuccessMs is in Unix milliseconds, 0 when there was none.
	LastSuccessMs int64
	// Series are distinct label sets of the last hour, SeriesForecast how many they become at the present rate of new ones.
	Series, SeriesForecast uint64
	// LabelsLeftOut are names of labels for which there was no room, sorted.
	LabelsLeftOut []string
}

// snapshot is the status now.
func (p *Pusher) snapshot() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := p.status
	if status.Error == "" {
		status.Error = p.asideSentence
	}
	status.LabelsLeftOut = slices.Clone(status.LabelsLeftOut)
	return status
}

// counted notes the series of a window that was pushed.
func (p *Pusher) counted(w *store.Outgoing, series *pushed) {
	p.series.note(series.key, w.EndMs)
	delete(p.suspects, seriesHash(series.key))
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

func (p *Pusher) tooOld(windows int64) {
	if windows <= 0 {
		return
	}
	p.changed = true
	p.place.TooOld += uint64(windows)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.TooOld += uint64(windows)
}

func (p *Pusher) succeeded() {
	now := p.options.Now()
	p.passes++
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
	p.changed = true
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
	p.status.Waiting = uint64(waiting) + uint64(len(p.place.Aside)) //nolint:gosec // a count
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
