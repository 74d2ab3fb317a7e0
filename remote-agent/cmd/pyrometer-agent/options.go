//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pyrometer.dev/remote-agent/internal/lease"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/systemd"
	"pyrometer.dev/remote-agent/internal/target"
)

// Where things lie unless flags say otherwise.
const (
	defaultStore        = "/var/lib/pyrometer"
	defaultRunDirectory = "/run/pyrometer"
	logFileName         = "agent.log"
)

// Bounds of flags.
const (
	defaultRateHz = 97
	maxRateHz     = 1000
	defaultWindow = 15 * time.Second
	minLease      = 5 * time.Second
	minKeep       = time.Second
	defaultHolder = "start"
)

// places are the directories that every command needs to find an agent.
type places struct {
	store        string
	runDirectory string
}

func (p *places) register(flags *flag.FlagSet) {
	flags.StringVar(&p.store, "store", defaultStore, "directory of the profiles")
	flags.StringVar(&p.runDirectory, "run-dir", defaultRunDirectory, "directory of the sockets")
}

// absolute makes the paths independent of the working directory.
func (p *places) absolute() error {
	for _, path := range []*string{&p.store, &p.runDirectory} {
		made, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("find %q: %w", *path, err)
		}
		*path = made
	}
	return nil
}

// options are what an agent is started with.
type options struct {
	places
	uids []int
	// rateHz and window are 0 where they are as they were set last.
	rateHz int
	window time.Duration
	lease  time.Duration
	// keep is how long what was recorded stays when nobody renewed the lease.
	keep time.Duration
	// atBoot: systemd starts it again after a reboot.
	atBoot bool
	// uploadDirectory is where the app put the program, which goes with all the rest; empty: nowhere.
	uploadDirectory string
	holder          string
	holderName      string
	log             string
	dockerHost      string
	// ingestListen is where SDKs of this machine may push over TCP; empty: nowhere.
	ingestListen string
	// metricsListen is where Prometheus may ask; empty: nowhere.
	metricsListen string
	// debuginfod are servers that debug files are got from; none: nobody is asked.
	debuginfod []string
	// naming is how services are called from the first sample on, as keptNaming in JSON; empty: as was set last.
	naming string
	// replace has start restart an agent that runs already.
	replace bool
}

func (o *options) register(flags *flag.FlagSet) {
	o.places.register(flags)
	flags.Func("uid", "users who may use the agent, by number, with commas between them (default: who calls)", func(text string) error {
		uids, err := parseUIDs(text)
		o.uids = append(o.uids, uids...)
		return err
	})
	flags.IntVar(&o.rateHz, "rate", 0, "samples a second of each CPU; 0: as it was set last, at first 97")
	flags.DurationVar(&o.window, "window", 0, "length of a window, a divisor of an hour; 0: as it was set last, at first 15s")
	flags.DurationVar(&o.lease, "lease", 0, "sample no more when nobody renews for that long and nobody else holds one; 0: run until stopped")
	flags.BoolVar(&o.atBoot, "at-boot", false, "have systemd start it again after a reboot, until it is stopped")
	flags.StringVar(&o.holder, "holder", defaultHolder, "who holds the lease and renews it by this name")
	flags.StringVar(&o.holderName, "holder-name", "", "what others who want to stop the agent are told of the holder")
	flags.StringVar(&o.log, "log", "", "file to log to (default of start: agent.log in the store; of run: standard error)")
	o.registerKeeping(flags)
	flags.StringVar(&o.ingestListen, "ingest-listen", "", "loopback address, as 127.0.0.1:4041, where SDKs may push profiles; empty: nowhere")
	flags.Func("debuginfod", "server to get debug files from by build-id, as https://debuginfod.debian.net; may be given again (default: none)", func(text string) error {
		o.debuginfod = append(o.debuginfod, text)
		return symbol.CheckDebuginfod(text)
	})
	flags.Func("naming", `how services are called, as {"version":1,"labels":[["env","prod"]],"leading_slash":false,"relabel_configs":""} (default: as it was set last)`, func(text string) error {
		o.naming = text
		return checkNaming(text)
	})
	flags.StringVar(&o.metricsListen, "metrics-listen", "", "loopback address, as 127.0.0.1:4042, where Prometheus may ask for /metrics; empty: nowhere")
}

// registerKeeping registers what the agent's keeper is told too.
func (o *options) registerKeeping(flags *flag.FlagSet) {
	flags.DurationVar(&o.keep, "keep", lease.DefaultKeep, "keep what was sampled under a lease for that long after nobody renewed it, then remove everything")
	flags.StringVar(&o.uploadDirectory, "upload-dir", "", "directory that the app sent its agents to, which is removed then too; empty: none")
	flags.StringVar(&o.dockerHost, "docker-host", target.DefaultDockerHost, "where Docker listens")
}

// check says in one sentence what cannot be done, and fills in defaults.
func (o *options) check() error {
	if err := o.absolute(); err != nil {
		return err
	}
	switch {
	case o.rateHz < 0 || o.rateHz > maxRateHz:
		return fmt.Errorf("--rate %d is not from 1 to %d samples a second", o.rateHz, maxRateHz)
	case o.window != 0 && !validWindow(o.window):
		return fmt.Errorf("--window %v is not a whole number of seconds that divides an hour, as 15s is", o.window)
	case o.lease != 0 && o.lease < minLease:
		return fmt.Errorf("--lease %v is shorter than %v", o.lease, minLease)
	case o.atBoot && o.lease != 0:
		return errors.New("--at-boot is for an agent that runs until it is stopped: leave out --lease")
	case o.atBoot && !systemd.Booted():
		return errors.New("this machine is not run by systemd, which would start the agent again after a reboot: start it without --at-boot")
	case o.keep < minKeep:
		return fmt.Errorf("--keep %v is shorter than %v", o.keep, minKeep)
	case o.uploadDirectory != "" && !filepath.IsAbs(o.uploadDirectory):
		return fmt.Errorf("--upload-dir %q does not begin with a slash", o.uploadDirectory)
	}
	// As it is now: links that are put there later are not followed when it is removed.
	if resolved, err := filepath.EvalSymlinks(o.uploadDirectory); o.uploadDirectory != "" && err == nil {
		o.uploadDirectory = resolved
	}
	if err := lease.CheckHolder(o.holder); err != nil {
		return fmt.Errorf("--holder: %w", err)
	}
	if o.holderName == "" {
		o.holderName = "pyrometer-agent start"
	}
	if len(o.uids) == 0 {
		o.uids = []int{caller()}
	}
	slices.Sort(o.uids)
	o.uids = slices.Compact(o.uids)
	return nil
}

// caller is who called sudo, or who runs this.
func caller() int {
	if uid, err := strconv.Atoi(os.Getenv("SUDO_UID")); err == nil && os.Getuid() == 0 {
		return uid
	}
	return os.Getuid()
}

func parseUIDs(text string) ([]int, error) {
	var uids []int
	for field := range strings.SplitSeq(text, ",") {
		uid, err := strconv.ParseUint(strings.TrimSpace(field), 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%q is not a user's number, as `id -u` prints it", field)
		}
		uids = append(uids, int(uid))
	}
	return uids, nil
}

// arguments are the flags that make the same options again, for the daemon.
func (o *options) arguments() []string {
	uids := make([]string, len(o.uids))
	for i, uid := range o.uids {
		uids[i] = strconv.Itoa(uid)
	}
	arguments := []string{
		"--uid", strings.Join(uids, ","), "--rate", strconv.Itoa(o.rateHz), "--window", o.window.String(),
		"--lease", o.lease.String(), "--keep", o.keep.String(), "--upload-dir", o.uploadDirectory, "--holder", o.holder, "--holder-name", o.holderName, "--store", o.store, "--run-dir", o.runDirectory, "--log", o.log,
		"--docker-host", o.dockerHost, "--ingest-listen", o.ingestListen, "--metrics-listen", o.metricsListen,
	}
	if o.atBoot {
		arguments = append(arguments, "--at-boot")
	}
	if o.naming != "" {
		arguments = append(arguments, "--naming", o.naming)
	}
	for _, server := range o.debuginfod {
		arguments = append(arguments, "--debuginfod", server)
	}
	return arguments
}

// dockerSocket is the path of Docker's socket, "" when Docker is reached otherwise.
func (o *options) dockerSocket() string {
	path, ok := strings.CutPrefix(o.dockerHost, "unix://")
	if !ok {
		return ""
	}
	return path
}
