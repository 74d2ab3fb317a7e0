// Package control serves the agent's contract and Pyroscope's API on Unix sockets. It opens no port.
package control

import (
	"context"
	"errors"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/push"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/timed"
)

// StatusSource knows the state of the agent.
type StatusSource interface {
	// Status is made anew for each call; the caller may keep it. It must be quick: watchers ask once a second.
	Status(ctx context.Context) *agentv1.Status
}

// WindowWatcher tells when windows close; store.Recorder is one.
type WindowWatcher interface {
	// Watch gives a channel that gets a value after an interval was stored, until stop.
	Watch() (closed <-chan struct{}, stop func())
}

// Selector chooses what is profiled.
type Selector interface {
	// Select takes effect without a restart.
	Select(ctx context.Context, choice target.Choice) error
	// Selected is what was chosen.
	Selected() target.Choice
}

// Surveyor looks at the processes of the machine; target.Resolver is one.
type Surveyor interface {
	// Survey also says how they would be called under another naming, or what is wrong with it; nil asks about none.
	Survey(proposed *target.Naming) ([]target.Seen, *target.NamingError, error)
}

// Sampling changes how often and how long is sampled.
type Sampling interface {
	// Set takes effect before it returns. 0 leaves a value; after a burst the rate returns to what it was, 0 is none.
	// An error that is ErrBadSampling says in one sentence what cannot be had.
	Set(ctx context.Context, rateHz int, window, burst time.Duration) error
}

// ErrBadSampling is wrapped by errors of Sampling.Set that the caller can mend.
var ErrBadSampling = errors.New("bad sampling")

// Naming changes how services are called.
type Naming interface {
	// Set takes effect with the next window and is kept across restarts. An error that is target.ErrBadNaming says in
	// one sentence what is wrong.
	Set(ctx context.Context, naming target.Naming) error
}

// Budget bounds what the agent itself costs.
type Budget interface {
	// Set takes effect at once and is kept across restarts; 0 leaves a ceiling as it is. An error that is
	// budget.ErrBadCeilings says in one sentence what is wrong.
	Set(ctx context.Context, machinePercent float64, memoryBytes uint64) error
}

// LeaseKeeper knows for whom the agent goes on; lease.Leases is one.
type LeaseKeeper interface {
	// Hold begins or renews a holder's lease. An agent that is ending answers lease.ErrEnding, one that samples no more
	// lease.ErrKept.
	Hold(holder, description string, duration time.Duration) (lease.Lease, error)
	// Release gives a lease back; over says that the agent is to end.
	Release(holder string) (over bool)
	// End makes the agent one that is to end, unless others hold it, whom it answers then.
	End(holder string, forced bool) (others []lease.Lease)
}

// Stopper ends the agent in two steps, so that the caller gets an answer.
type Stopper interface {
	// CloseWindow closes the open window and returns when it is stored.
	CloseWindow(ctx context.Context) error
	// Exit begins to end the process and returns at once; calls that run are answered.
	Exit()
}

// PushSettings says where windows are pushed; push.Pushers is one.
type PushSettings interface {
	// Set takes effect at once and is kept across restarts. An error that is push.ErrBadSettings says in one sentence what is
	// wrong with the settings, without their secrets.
	Set(ctx context.Context, server push.Server, keepSecrets bool) error
	// Remove ends pushing to a server.
	Remove(ctx context.Context, url, tenant string) error
}

// Packages knows which package a file came with; symbol.FileResolver is one.
type Packages interface {
	OwnerOf(ctx context.Context, mapping *engine.Mapping) symbol.Owner
}

// Names says what native addresses are; symbol.Resolver is one.
type Names interface {
	Resolve(ctx context.Context, mapping *engine.Mapping, address uint64) ([]symbol.Line, error)
}

// Agent is what the agent's contract is served from. Nil parts answer "unimplemented" with the reason in Unavailable.
type Agent struct {
	Status  StatusSource
	Windows WindowWatcher
	Select  Selector
	Survey  Surveyor
	// Sampling and Naming are settings of what is sampled and how it is called.
	Sampling Sampling
	Naming   Naming
	Budget   Budget
	Lease    LeaseKeeper
	Stop     Stopper
	Push     PushSettings
	Store    *store.Store
	// Packages may be nil: then what is missing is named without its package.
	Packages Packages
	// Timed records the time of each sample; Symbols names its native addresses, and may be nil.
	Timed   *timed.Recorder
	Symbols Names
	// Unavailable says why a nil part is not there, for example "this is a recording that is played back".
	Unavailable string
}
