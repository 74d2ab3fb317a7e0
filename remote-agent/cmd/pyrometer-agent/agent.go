//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"pyrometer.dev/remote-agent/internal/budget"
	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/keeper"
	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/privilege"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
)

const (
	// upkeepInterval is how often CPUs that came online are looked for.
	upkeepInterval = 15 * time.Second
	// finishTimeout bounds what an agent does after it was told to stop.
	finishTimeout = 15 * time.Second
	// podmanHost is where Podman listens for root's containers.
	podmanHost = "unix:///run/podman/podman.sock"
	// leaseInterval is how often leases that ran out are looked for.
	leaseInterval = time.Second
)

// runAgent is the command run: the agent itself.
func runAgent(ctx context.Context, arguments []string, std streams) int {
	var chosen options
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	chosen.register(flags)
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	waiting := openReady()
	if err := chosen.check(); err != nil {
		return fail(std, errors.Join(err, refuseStart(waiting, err)))
	}
	// A log on a terminal that was closed must not end the agent.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	if err := runWith(ctx, &chosen, waiting, std); err != nil {
		return fail(std, err)
	}
	return exitOK
}

// refuseStart tells a waiting start command why there will be no agent.
func refuseStart(waiting io.WriteCloser, reason error) error {
	if waiting == nil {
		return nil
	}
	_, err := fmt.Fprintf(waiting, "{\"state\":%q,\"message\":%q}\n", stateFailed, sentence(reason))
	return errors.Join(err, waiting.Close())
}

// agent is a running agent with everything it owns.
type agent struct {
	options  *options
	logger   *slog.Logger
	record   *recordFile
	announce *announcer
	docker   *target.Docker
	// dockerStarts are what Docker told of starts of containers.
	dockerStarts *target.EngineStarts
	podman       *target.Docker
	resolver     *target.Resolver
	sink         *identifiedSink
	engine       *engine.Engine
	selector     *target.Selector
	sampling     *sampling
	meter        *budget.Meter
	economy      *economy
	leases       *lease.Leases
	pipeline     pipeline
	admin        *adminServer
	keeper       *keeperProcess
	// stopFollowing ends what is done for samples alone.
	stopFollowing context.CancelFunc
	hostname      string
	started       time.Time
	// ending says why the agent ended, where nobody asked it to.
	ending string
	// exit ends the agent.
	exit context.CancelFunc
	// finished are the goroutines that end with the agent's context.
	finished sync.WaitGroup
}

// runWith is the agent from the first check to the last stored window.
func runWith(ctx context.Context, chosen *options, waiting io.WriteCloser, std streams) error {
	a := &agent{options: chosen, started: time.Now()}
	record, err := openRecord(chosen.runDirectory, a.newRecord())
	if err != nil {
		return errors.Join(err, refuseStart(waiting, err))
	}
	a.record = record
	defer record.close()
	log, err := a.openLogger(std)
	if err != nil {
		return errors.Join(err, refuseStart(waiting, err))
	}
	defer log.Close()
	a.announce = newAnnouncer(record, a.logger, waiting)

	ctx, a.exit = context.WithCancel(ctx)
	defer a.exit()
	if err := a.start(ctx); err != nil {
		a.announce.announce(stateFailed, sentence(err))
		a.exit()
		a.finished.Wait()
		return errors.Join(err, a.closeEngine())
	}
	if err := a.work(ctx); err != nil {
		a.announce.announce(stateFailed, sentence(err))
		return err
	}
	a.announce.announce(stateStopped, a.ending)
	return nil
}

func (a *agent) newRecord() record {
	ticks, err := target.StartTicks(uint32(os.Getpid()))
	if err != nil {
		ticks = 0
	}
	return record{
		RecordVersion: recordVersion, Version: version(), PID: os.Getpid(), StartTicks: ticks,
		Store: a.options.store, Log: a.options.log, UIDs: a.options.uids, Continuous: a.options.lease == 0, AtBoot: a.options.atBoot,
		StartedAtMs: a.started.UnixMilli(), KeepSeconds: int(a.options.keep / time.Second),
	}
}

func (a *agent) openLogger(std streams) (io.Closer, error) {
	if a.options.log == "" {
		a.logger = slog.New(slog.NewTextHandler(std.err, nil))
		return io.NopCloser(nil), nil
	}
	log, err := openLog(a.options.log)
	if err != nil {
		return nil, err
	}
	a.logger = slog.New(slog.NewTextHandler(log, nil))
	return log, nil
}

// start does all that needs rights, gives them up, and begins to sample.
func (a *agent) start(ctx context.Context) error {
	a.announce.announce(stateStarting, "Looking at the kernel.")
	if report := privilege.Preflight(a.options.store); len(report.Refusals) > 0 {
		return report.Refusals[0]
	}
	budget.LimitMemory(budget.DefaultCeilings)
	budget.LimitProcessors()
	if err := budget.RaisePriority(); err != nil {
		a.logger.Warn("the agent has no priority: where the machine is very busy, samples of new processes are lost", "reason", err)
	}
	if err := makeDirectory(a.options.store, 0o700, storePatterns); err != nil {
		return err
	}
	hostname, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read the host's name: %w", err)
	}
	a.hostname = hostname
	a.docker = target.NewDocker(a.options.dockerHost, a.logger)
	a.dockerStarts = a.docker.Starts()
	if a.options.dockerSocket() != "" {
		a.docker.Through(a.dialer(keeper.Docker))
	}
	// Podman speaks Docker's API where its socket is on.
	a.podman = target.NewDocker(podmanHost, slog.New(slog.DiscardHandler))
	a.podman.Through(a.dialer(keeper.Podman))
	a.resolver = target.NewResolver(hostname, target.Engines{a.docker, a.podman, target.NewStateFiles("/")})
	a.sink = &identifiedSink{resolver: a.resolver}
	a.leases = lease.New(a.options.lease == 0, a.options.keep)
	a.pipeline = compose(a)
	if err := a.pipeline.Listen(a.options.runDirectory, a.options.uids); err != nil {
		return err
	}
	if a.admin, err = listenAdmin(a.options.runDirectory, a, a.logger); err != nil {
		return err
	}
	a.finished.Go(func() { a.admin.serve(ctx) })
	// Before the keeper, which looks whether there is a mount to take away.
	if err := a.mountTracefs(); err != nil {
		return err
	}
	if a.keeper, err = startKeeper(a.options); err != nil {
		return err
	}
	if err := separateKeeper(ctx, a.keeper.process.Pid); err != nil {
		a.logger.Warn("the keeper ends with the agent's unit: what is planned for after that is not done", "reason", err)
	}
	if err := a.startEngine(ctx); err != nil {
		return err
	}
	if err := a.dropPrivileges(); err != nil {
		return err
	}
	a.announce.announce(stateStarting, "Opening the store.")
	if err := a.pipeline.Open(ctx); err != nil {
		return err
	}
	a.sink.next.Store(&a.pipeline)
	following, stopFollowing := context.WithCancel(ctx)
	a.stopFollowing = stopFollowing
	a.finished.Go(func() { a.docker.Run(following) })
	a.finished.Go(func() { a.podman.Run(following) })
	a.finished.Go(func() { a.selector.Run(following) })
	a.finished.Go(func() { a.resolver.FollowDropped(following, a.engine.PassOver, a.logger) })
	return a.selector.Select(ctx, target.Choice{})
}

// holdForStarter begins the lease of whoever starts the agent.
func (a *agent) holdForStarter() error {
	if a.options.lease == 0 {
		return nil
	}
	_, err := a.leases.Hold(a.options.holder, a.options.holderName, a.options.lease)
	return err
}

// mountTracefs makes tracepoints available, and notes it where it had to be done.
func (a *agent) mountTracefs() error {
	mounted, err := privilege.MountTracefs()
	if err != nil || !mounted {
		return err
	}
	a.logger.Info("tracefs was mounted, since tracepoints are needed")
	return noteMount(a.options.runDirectory)
}

func (a *agent) startEngine(ctx context.Context) error {
	a.announce.announce(stateStarting, "Loading the unwinder into the kernel.")
	if err := privilege.AllowMemlock(); err != nil {
		return err
	}
	// Not ctx: the engine delivers what it has when the agent is told to stop, and is closed after that.
	started, err := engine.Start(context.WithoutCancel(ctx), engine.Config{
		RateHz: cmp.Or(a.options.rateHz, defaultRateHz), Window: cmp.Or(a.options.window, defaultWindow), Sink: a.sink, ObserveMapping: a.sink.observeMapping, Logger: a.logger,
		PerfMap: symbol.NewPerfMaps().Find,
	})
	if err != nil {
		return err
	}
	a.engine = started
	a.selector = target.NewSelector(a.resolver, func(chosen target.Chosen) error {
		return started.Select(engine.Selection{Everything: chosen.Everything, PIDs: chosen.PIDs})
	}, a.logger)
	a.sampling = &sampling{
		retime: a.retime, logger: a.logger, rateHz: cmp.Or(a.options.rateHz, defaultRateHz), window: cmp.Or(a.options.window, defaultWindow),
	}
	if a.meter, err = budget.NewMeter(started.BPFRunTime); err != nil {
		return err
	}
	a.economy, err = newEconomy(a, started.BPFRunTime)
	return err
}

// retime changes how often is sampled and how long windows are.
func (a *agent) retime(ctx context.Context, rateHz int, window time.Duration) error {
	return a.engine.Retime(ctx, rateHz, window, func() { a.pipeline.Retime(rateHz, window) })
}

// dropPrivileges leaves user 0 and all rights that are not needed to go on. What the agent writes to is given to the user
// that it becomes.
func (a *agent) dropPrivileges() error {
	a.announce.announce(stateStarting, "Giving up rights.")
	uid, err := privilege.FreeUID(privilege.OwnerOf(a.options.store))
	if err != nil {
		return err
	}
	if os.Getuid() == 0 {
		if err := privilege.GiveTree(a.options.store, uid); err != nil {
			return err
		}
	}
	dropped, err := privilege.Drop(uid)
	if err != nil {
		return fmt.Errorf("give up rights: %w", err)
	}
	if err := privilege.Confine(); err != nil {
		return fmt.Errorf("give up rights: %w", err)
	}
	a.logger.Info("rights given up", "uid", dropped.UID, "capabilities", fmt.Sprintf("%#x", uint64(dropped.Capabilities)))
	return nil
}

// dialer connects to a container engine through the keeper: the agent itself may not.
func (a *agent) dialer(engine keeper.Engine) target.Dialer {
	return func(ctx context.Context) (net.Conn, error) { return a.keeper.Dial(ctx, engine) }
}

// work samples until the agent is told to stop, nobody wants it any more, or it cannot go on. What nobody wants is kept for a while.
func (a *agent) work(ctx context.Context) error {
	// Not before: on a slow machine the start alone takes longer than a short lease, and nobody can renew it meanwhile.
	if err := a.holdForStarter(); err != nil {
		return errors.Join(err, a.closeEngine())
	}
	a.tellKeeper()
	a.announce.announce(stateProfiling, "")
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	served := make(chan error, 1)
	a.finished.Go(func() { served <- a.pipeline.Run(serving) })

	failure := a.sample(ctx, served)
	if phase := a.leases.Phase(); failure == nil && ctx.Err() == nil && (phase == lease.Kept || phase == lease.Expired) {
		failure = a.keepWindows(ctx, served)
	}
	if failure == nil {
		a.tellKeeper()
	}
	a.announce.announce(stateStopping, "")
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	// What was sampled reaches the pipeline, and what the pipeline has reaches the disk.
	a.sampling.close()
	failures := []error{failure}
	if err := a.engine.Finish(finish); !errors.Is(err, engine.ErrClosed) {
		failures = append(failures, err)
	}
	stopServing()
	a.exit()
	// A pipeline that ended by itself has told it already.
	if !errors.Is(failure, errNotServed) {
		failures = append(failures, <-served)
	}
	a.finished.Wait()
	return errors.Join(append(failures, a.closeEngine())...)
}

// errNotServed is why an agent ends that cannot be reached.
var errNotServed = errors.New("nobody can reach the agent any more")

// ending tells when an agent that was ended is to end its process too, to be asked every leaseInterval: who stops it stores the last
// window and then ends the process, unless it has gone meanwhile.
type ending struct{ looks int }

func (e *ending) overdue(phase lease.Phase) bool {
	if phase == lease.Ended {
		e.looks++
	}
	return e.looks > int(finishTimeout/leaseInterval)
}

// sample goes on until nobody wants the agent any more or it is told to end.
func (a *agent) sample(ctx context.Context, served <-chan error) error {
	sampled, _ := a.sampling.current()
	upkeep, windows, leases := time.NewTicker(upkeepInterval), time.NewTicker(sampled.window), time.NewTicker(leaseInterval)
	defer upkeep.Stop()
	defer windows.Stop()
	defer leases.Stop()
	looks := time.NewTicker(economyInterval)
	defer looks.Stop()
	var ended ending
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-leases.C:
			phase := a.leases.Phase()
			if phase == lease.Kept || phase == lease.Expired || ended.overdue(phase) {
				return nil
			}
		case <-a.engine.Done():
			return errors.New("the unwinder ended by itself: its last words are in the log")
		case err := <-served:
			return fmt.Errorf("serve: %w", errors.Join(err, errNotServed))
		case <-upkeep.C:
			if _, err := a.engine.AttachOnlineCPUs(); err != nil {
				a.logger.Warn("a cpu cannot be sampled", "reason", err)
			}
		case now := <-looks.C:
			if err := budget.ReleaseFilePages(); err != nil {
				a.logger.Debug("pages of files stay in memory", "reason", err)
			}
			if err := a.economy.look(ctx, now); err != nil && ctx.Err() == nil {
				a.logger.Warn("the budget cannot be kept", "reason", err)
			}
		case <-windows.C:
			a.measure()
		}
	}
}

func (a *agent) measure() {
	if _, err := a.meter.Measure(); err != nil {
		a.logger.Warn("own cost cannot be measured", "reason", err)
	}
}

func (a *agent) closeEngine() error {
	if a.engine == nil {
		return nil
	}
	return a.engine.Close()
}
