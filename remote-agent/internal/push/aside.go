package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"pyrometer.dev/remote-agent/internal/store"
)

const (
	// asideAfter is how often in a row a server may fail at a window before the next one is tried.
	asideAfter = 3
	// asideTries is how often a window that is aside is tried again, and asideWait how long it waits for the first time; each wait is
	// twice as long as the one before.
	asideTries = 4
	asideWait  = time.Minute
	// maxAside bounds the windows that are aside. When a server takes nothing at all, the rest waits in the store.
	maxAside = 16
)

// aside is a window that a server failed at while it may take others: a profile that makes it stumble must not keep the rest
// waiting. It is tried again, and left out when the server goes on to fail at it and takes others.
type aside struct {
	ID int64 `json:"id"`
	// Series is seriesHash of the window's label set.
	Series string `json:"series"`
	// Tries are those since it is aside; it is tried again at DueMs, in Unix milliseconds.
	Tries int   `json:"tries"`
	DueMs int64 `json:"due_ms"`
	// passes were the windows that the server had taken in this run when it last failed at this one.
	passes uint64
}

// failing counts how often in a row the server failed at the next window.
type failing struct {
	id    int64
	times int
}

// asideReason is the failure that may be the window's fault and not the server's; nil for another one, such as a refused connection.
func asideReason(err error) *failure {
	var why *failure
	if errors.As(err, &why) && (why.unsure || why.tooMuch) {
		return why
	}
	return nil
}

// setAside notes that the server failed at the next window, and puts it aside after some times. atOnce says that the next one need
// not wait: the server took others while it failed at this series.
func (p *Pusher) setAside(ctx context.Context, w *store.Outgoing, err error) (isAside, atOnce bool) {
	why := asideReason(err)
	if why == nil {
		return false, false
	}
	if p.failing.id != w.ID {
		p.failing = failing{id: w.ID}
	}
	p.failing.times++
	made := pushedLabels(w, &p.server)
	series := seriesHash(made.key)
	atOnce = p.suspects[series]
	if !atOnce && p.failing.times < asideAfter || len(p.place.Aside) >= maxAside && !p.leaveOutOldest(ctx, why) {
		return false, false
	}
	p.place.Aside = append(p.place.Aside, aside{
		ID: w.ID, Series: series, DueMs: p.options.Now().Add(asideWait).UnixMilli(), passes: p.passes,
	})
	p.asideSaid = why.sentence
	p.tellAside()
	return true, atOnce
}

// leaveOutOldest makes room for another window; false when the server has taken none since it failed at those that are aside.
func (p *Pusher) leaveOutOldest(ctx context.Context, why *failure) bool {
	at := slices.IndexFunc(p.place.Aside, func(one aside) bool { return one.passes < p.passes })
	if at < 0 {
		return false
	}
	p.leaveOut(ctx, at, why)
	return true
}

// leaveOut gives a window up.
func (p *Pusher) leaveOut(ctx context.Context, at int, why *failure) {
	p.refused(ctx, &failure{sentence: fmt.Sprintf(
		"A window was left out: it fails again and again while others pass. The last time: %s", why.sentence)})
	p.removeAside(at)
}

func (p *Pusher) removeAside(at int) {
	p.place.Aside = slices.Delete(p.place.Aside, at, at+1)
	p.tellAside()
}

// retryAside tries one of the windows that are aside again, if its time has come and the server has taken others since. One at a
// time: it may take as long as a request may.
func (p *Pusher) retryAside(ctx context.Context) error {
	now := p.options.Now()
	at := slices.IndexFunc(p.place.Aside, func(one aside) bool { return now.UnixMilli() >= one.DueMs && p.passes > one.passes })
	if at < 0 {
		return nil
	}
	p.changed = true
	one := &p.place.Aside[at]
	windows, err := p.options.Store.WindowsAfter(ctx, one.ID-1, 1)
	if err != nil {
		return err
	}
	if len(windows) == 0 || windows[0].ID != one.ID || p.isTooOld(&windows[0]) {
		p.tooOld(1) // or deleted by retention meanwhile
		p.removeAside(at)
		return nil
	}
	doubt := p.doubt
	err = p.sendWindow(ctx, &windows[0], true)
	p.doubt = doubt // It is of the windows that were not tried yet.
	if p.settle(ctx, &windows[0], err) {
		p.removeAside(at)
		return nil
	}
	why := asideReason(err)
	if why == nil {
		return err
	}
	p.options.Logger.WarnContext(ctx, "window stays aside", slog.String("reason", why.sentence))
	p.asideSaid = why.sentence
	p.tellAside()
	one.Tries++
	one.passes = p.passes
	one.DueMs = now.Add(asideWait << min(one.Tries, asideTries)).UnixMilli()
	if why.tooMuch {
		return nil // The server has too little room, which says nothing about the window: until it is too old.
	}
	p.suspect(one.Series)
	if one.Tries >= asideTries {
		p.leaveOut(ctx, at, why)
	}
	return nil
}

// suspect remembers a series at which the server fails while it takes others.
func (p *Pusher) suspect(series string) {
	const most = 1000
	if len(p.suspects) >= most {
		clear(p.suspects)
	}
	p.suspects[series] = true
}

// tellAside shows in the status what is aside.
func (p *Pusher) tellAside() {
	sentence := ""
	switch count := len(p.place.Aside); count {
	case 0:
	case 1:
		sentence = "1 window is set aside and tried again: it failed, and others pass. The last time: " + p.asideSaid
	default:
		sentence = fmt.Sprintf(
			"%d windows are set aside and tried again: they failed, and others pass. The last time: %s", count, p.asideSaid)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asideSentence = sentence
}
