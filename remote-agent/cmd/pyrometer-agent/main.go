//go:build linux

// Command pyrometer-agent samples the stacks of every process of a Linux machine, keeps them in windows on disk, and
// answers the app's questions on Unix sockets. See remote-agent/README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	// exitUsage says that the command line cannot be understood.
	exitUsage = 2
	// exitNotRunning is status' and stop's answer when there is no agent.
	exitNotRunning = 3
	// exitHeld is stop's and remove's answer when somebody holds the agent for a recording.
	exitHeld = 4
)

// streams are the standard streams, passed in for tests.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// command is one subcommand. run returns the exit code; what is wrong it has said on err.
type command struct {
	summary string
	run     func(ctx context.Context, arguments []string, std streams) int
}

// commandNames is the order of the help.
var commandNames = []string{"start", "stop", "status", "check", "preflight", "set", "grant", "remove", "run", "bridge", "version"}

func commands() map[string]command {
	return map[string]command{
		"start":     {"start the agent in the background and wait until it samples", runStart},
		"stop":      {"stop the agent; what it sampled is kept", runStop},
		"status":    {"say whether an agent runs", runStatus},
		"check":     {"tell what this machine can do, and why not; changes nothing", runCheck},
		"preflight": {"look whether the agent can run here, for the app; changes nothing", runPreflight},
		"set":       {"change what the running agent samples, how often, and how it calls it", runSet},
		"grant":     {"let one more user of this machine use the running agent", runGrant},
		"remove":    {"stop the agent and remove all that it keeps", runRemove},
		"run":       {"be the agent, in the foreground", runAgent},
		// Not in the help: the agent calls the first, the app has sudo or ssh run the others.
		"keeper":       {"clean up after the agent", runKeeper},
		"root-bridge":  {"run commands that come over standard input", runRootBridge},
		"login-bridge": {"do what sshd does, over standard input and output", runLoginBridge},
		"bridge":       {"carry the agent's protocol over standard input and output", runBridge},
		"version":      {"print the version", runVersion},
	}
}

func main() {
	ctx, stop := notifyContext()
	code := dispatch(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// notifyContext ends when the process is asked to end.
func notifyContext() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// dispatch runs the subcommand that the arguments name and returns the exit code.
func dispatch(ctx context.Context, arguments []string, std streams) int {
	if len(arguments) == 0 || arguments[0] == "help" || arguments[0] == "--help" || arguments[0] == "-h" {
		printUsage(std.out)
		if len(arguments) == 0 {
			return exitUsage
		}
		return exitOK
	}
	chosen, ok := commands()[arguments[0]]
	if !ok {
		fmt.Fprintf(std.err, "There is no command %q: `pyrometer-agent help` lists them.\n", arguments[0])
		return exitUsage
	}
	return chosen.run(ctx, arguments[1:], std)
}

func printUsage(out io.Writer) {
	fmt.Fprintln(out, "pyrometer-agent samples the stacks of every process of this machine.")
	fmt.Fprintln(out)
	all := commands()
	for _, name := range commandNames {
		if known, ok := all[name]; ok {
			fmt.Fprintf(out, "  %-10s %s\n", name, known.summary)
		}
	}
	fmt.Fprintln(out, "\n`pyrometer-agent COMMAND --help` lists the flags of a command.")
}

func runVersion(_ context.Context, _ []string, std streams) int {
	fmt.Fprintln(std.out, version())
	return exitOK
}

// parseFlags parses arguments into flags. ok is false when the command is to end with code, which was explained already.
func parseFlags(flags *flag.FlagSet, arguments []string, std streams) (code int, ok bool) {
	flags.SetOutput(std.err)
	err := flags.Parse(arguments)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK, false
	case err != nil:
		return exitUsage, false
	default:
		return exitOK, true
	}
}

// fail says in one sentence why a command ends.
func fail(std streams, err error) int {
	fmt.Fprintln(std.err, sentence(err))
	if errors.As(err, new(heldElsewhere)) {
		return exitHeld
	}
	return exitFailure
}
