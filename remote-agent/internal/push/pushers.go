// Package push sends stored windows to Pyroscope servers.
package push

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Pushers push to several servers at once, each at its own pace.
type Pushers struct {
	options Options

	mu      sync.Mutex
	servers []*running // in the order in which they were set
	// serving is Run's context, nil before it.
	serving context.Context //nolint:containedctx // lives as long as Run
	ended   sync.WaitGroup
}

// running is a server with its pusher, which ends when stop is called and has ended when done is closed.
type running struct {
	pusher *Pusher
	stop   context.CancelFunc
	done   chan struct{}
}

// New makes pushers with the servers that were kept; Run does the pushing.
func New(ctx context.Context, options Options) (*Pushers, error) {
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
	p := &Pushers{options: options}
	servers, err := decodeServers(encoded)
	if err != nil {
		// Pushing can be set anew; the agent's main work must not end over it.
		options.Logger.WarnContext(ctx, "kept push settings are not used", slog.Any("error", err))
		return p, nil
	}
	for _, server := range servers {
		pusher, err := newPusher(options, server)
		if err != nil {
			options.Logger.WarnContext(ctx, "kept push settings of a server are not used", slog.Any("error", err))
			continue
		}
		p.servers = append(p.servers, &running{pusher: pusher})
	}
	return p, nil
}

// Set adds a server, or changes the one of the same address and tenant, at once; it is kept across restarts. keepSecrets leaves
// the credentials and headers that were set before. See control.PushSettings.
func (p *Pushers) Set(ctx context.Context, server Server, keepSecrets bool) error {
	server.URL = normalURL(server.URL)
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.find(server.key())
	if at >= 0 && keepSecrets {
		before := p.servers[at].pusher.server
		server.Credentials, server.Headers = before.Credentials, before.Headers
	}
	server, err := server.checked()
	if err != nil {
		return err
	}
	if at < 0 && len(p.servers) >= maxServers {
		return badSettings{fmt.Sprintf("windows are pushed to %d servers already: remove one first", maxServers)}
	}
	pusher, err := newPusher(p.options, server)
	if err != nil {
		return err
	}
	changed := slices.Clone(p.servers)
	next := &running{pusher: pusher}
	if at < 0 {
		pusher.added = true
		changed = append(changed, next)
	} else {
		changed[at] = next
	}
	if err := p.keep(ctx, changed); err != nil {
		return err
	}
	if at >= 0 {
		p.servers[at].end()
	}
	p.servers = changed
	p.start(next)
	return nil
}

// Remove ends pushing to a server. One that is not there is no error. The place that it had stays: set again soon, it goes on
// there and sends nothing twice.
func (p *Pushers) Remove(ctx context.Context, url, tenant string) error {
	wanted := Server{URL: normalURL(url), Tenant: tenant}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.find(wanted.key())
	if at < 0 {
		return nil
	}
	changed := slices.Delete(slices.Clone(p.servers), at, at+1)
	if err := p.keep(ctx, changed); err != nil {
		return err
	}
	p.servers[at].end()
	p.servers = changed
	return nil
}

func (p *Pushers) find(key string) int {
	return slices.IndexFunc(p.servers, func(one *running) bool { return one.pusher.server.key() == key })
}

func (p *Pushers) keep(ctx context.Context, servers []*running) error {
	list := make([]Server, len(servers))
	for i, one := range servers {
		list[i] = one.pusher.server
	}
	encoded, err := encodeServers(list)
	if err != nil {
		return err
	}
	return p.options.Store.SetSetting(ctx, settingName, encoded)
}

// start lets a pusher run, if there is a Run to run in. Called with the lock held.
func (p *Pushers) start(one *running) {
	if p.serving == nil || p.serving.Err() != nil {
		return
	}
	var ctx context.Context
	ctx, one.stop = context.WithCancel(p.serving)
	one.done = make(chan struct{})
	p.ended.Go(func() {
		defer close(one.done)
		one.pusher.run(ctx)
	})
}

// end stops a pusher and waits: two that push to one server would send twice.
func (r *running) end() {
	if r.stop != nil {
		r.stop()
		<-r.done
	}
}

// Wake tells all that there may be a new window, also those that wait after a failure.
func (p *Pushers) Wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.servers {
		signal(one.pusher.wake)
	}
}

// Status of each server, in the order in which they were set.
func (p *Pushers) Status() []Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	statuses := make([]Status, len(p.servers))
	for i, one := range p.servers {
		statuses[i] = one.pusher.snapshot()
	}
	return statuses
}

// Run pushes until the context ends. closed wakes it, see store.Recorder.Watch; it may be nil.
func (p *Pushers) Run(ctx context.Context, closed <-chan struct{}) {
	p.mu.Lock()
	p.serving = ctx
	for _, one := range p.servers {
		p.start(one)
	}
	p.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			p.ended.Wait()
			return
		case <-closed:
			p.mu.Lock()
			for _, one := range p.servers {
				signal(one.pusher.closed)
			}
			p.mu.Unlock()
		}
	}
}
