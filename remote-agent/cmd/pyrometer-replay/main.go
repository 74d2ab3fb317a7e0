// Command pyrometer-replay serves a recorded store on a Unix socket as an agent would, without any privilege: for tests
// of views, and to look at a store that came from elsewhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"pyrometer.dev/remote-agent/internal/control"
	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type flags struct {
	socket     string
	uid        int
	push       string
	store      string
	synthesize bool
	live       bool
	end        string
	minutes    int
	seed       uint64
}

func parse(arguments []string, stderr io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("pyrometer-replay", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.socket, "socket", "", "path of the Unix socket to serve on; without it the store is only written")
	set.IntVar(&f.uid, "uid", os.Getuid(), "user who may call on the socket, beside root")
	set.StringVar(&f.push, "push-socket", "", "path of a push socket, for profiles of SDKs (only with --live)")
	set.StringVar(&f.store, "store", "", "directory of the store (required)")
	set.BoolVar(&f.synthesize, "synthesize", false, "fill the store with made-up services first, if it is empty")
	set.BoolVar(&f.live, "live", false, "go on: add a made-up window every 15 seconds")
	set.StringVar(&f.end, "end", "", "end of what is made up, as RFC 3339; now when empty")
	set.IntVar(&f.minutes, "minutes", 30, "how much is made up")
	set.Uint64Var(&f.seed, "seed", 1, "seed of what is made up: equal seeds and ends give equal stores")
	if err := set.Parse(arguments); err != nil {
		return f, err
	}
	if f.store == "" {
		return f, errors.New("--store DIR is required")
	}
	if f.push != "" && !f.live {
		return f, errors.New("--push-socket needs --live: without it the store is read only")
	}
	if f.uid < 0 {
		return f, fmt.Errorf("--uid %d: a user's number, 0 or more", f.uid)
	}
	if f.minutes < 1 || f.minutes > 7*24*60 {
		return f, fmt.Errorf("--minutes %d: 1 to %d", f.minutes, 7*24*60)
	}
	return f, nil
}

// run returns the exit code.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	f, err := parse(arguments, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = replay(ctx, f, stdout, slog.New(slog.NewTextHandler(stderr, nil)))
	}
	if err != nil {
		if _, failed := fmt.Fprintln(stderr, "pyrometer-replay:", err); failed != nil {
			return 2
		}
		return 1
	}
	return 0
}

// stopper ends the replay; it has no open window.
type stopper context.CancelFunc

func (stopper) CloseWindow(context.Context) error { return nil }
func (s stopper) Exit()                           { s() }

func replay(ctx context.Context, f flags, stdout io.Writer, logger *slog.Logger) (err error) {
	until := time.Now()
	if f.end != "" {
		if until, err = time.Parse(time.RFC3339, f.end); err != nil {
			return fmt.Errorf("--end: %w", err)
		}
	}
	if f.synthesize {
		if err := synthesize(ctx, f, until, logger); err != nil {
			return err
		}
	}
	if f.socket == "" {
		return nil
	}
	kept, err := store.Open(ctx, store.Options{Directory: f.store, ReadOnly: !f.live, Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	controlListener, err := control.ListenControlAt(f.socket, f.uid)
	if err != nil {
		return err
	}
	var pushListeners []net.Listener
	if f.push != "" {
		listener, err := control.ListenPushAt(f.push)
		if err != nil {
			return errors.Join(err, controlListener.Close())
		}
		pushListeners = []net.Listener{listener}
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	recorder := store.NewRecorder(kept, nil, logger)
	leases := lease.New(true, lease.DefaultKeep)
	server := control.NewServer(control.Agent{
		Status:      &status{store: kept, recorder: recorder, leases: leases, live: f.live},
		Windows:     recorder,
		Lease:       leases,
		Stop:        stopper(end),
		Store:       kept,
		Unavailable: "this is a recording that is played back",
	}, logger)
	// Who waits for this line knows that the socket answers.
	if _, err := fmt.Fprintln(stdout, "serving", f.socket); err != nil {
		return errors.Join(err, controlListener.Close())
	}
	if f.live {
		live := startLive(ctx, f, recorder)
		defer live.Wait()
	}
	return server.Serve(ctx, control.Listeners{Control: []net.Listener{controlListener}, Push: pushListeners})
}
