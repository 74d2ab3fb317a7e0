//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/gen/agent/v1/agentv1connect"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
)

const (
	setTimeout = 15 * time.Second
	// maxRuleFile is more than the agent takes.
	maxRuleFile = 1 << 20
)

// changes are what the command set was asked for; nil parts stay as they are.
type changes struct {
	sampling  agentv1.SetSamplingRequest
	resample  bool
	budget    *agentv1.SetBudgetRequest
	selection *agentv1.SetSelectionRequest
	// naming changes what is set now.
	naming []func(*agentv1.Naming)
}

func (c *changes) register(flags *flag.FlagSet) {
	number := func(into *uint32) func(string) error {
		return func(text string) error {
			value, err := strconv.ParseUint(text, 10, 32)
			*into, c.resample = uint32(value), true
			return err
		}
	}
	seconds := func(into *uint32) func(string) error {
		return func(text string) error {
			value, err := time.ParseDuration(text)
			if err == nil && (value < time.Second || value%time.Second != 0 || value > 24*time.Hour) {
				err = errors.New("not a whole number of seconds")
			}
			*into, c.resample = uint32(value/time.Second), true
			return err
		}
	}
	selected := func(add func(*agentv1.SetSelectionRequest, string) error) func(string) error {
		return func(text string) error {
			if c.selection == nil {
				c.selection = &agentv1.SetSelectionRequest{}
			}
			return add(c.selection, text)
		}
	}
	flags.Func("rate", "samples a second of each CPU: 19, 49, 97, 199 or 997", number(&c.sampling.RateHz))
	flags.Func("window", "length of a window, as 15s", seconds(&c.sampling.WindowSeconds))
	flags.Func("burst", "return to the rate of before after that long, as 30s", seconds(&c.sampling.BurstSeconds))
	flags.BoolFunc("everything", "profile everything", selected(func(*agentv1.SetSelectionRequest, string) error { return nil }))
	flags.Func("container", "profile this container, by its 64 hex digits; may be repeated", selected(
		func(request *agentv1.SetSelectionRequest, id string) error {
			request.ContainerIds = append(request.ContainerIds, id)
			return nil
		}))
	flags.Func("pid", "profile this process; may be repeated", selected(func(request *agentv1.SetSelectionRequest, text string) error {
		pid, err := strconv.ParseUint(text, 10, 32)
		request.Pids = append(request.Pids, uint32(pid))
		return err
	}))
	flags.Func("service", "profile this service, by its name, also containers of it that come later; may be repeated", selected(
		func(request *agentv1.SetSelectionRequest, name string) error {
			request.Services = append(request.Services, name)
			return nil
		}))
	c.registerNaming(flags)
	c.registerBudget(flags)
}

func (c *changes) registerBudget(flags *flag.FlagSet) {
	within := func(set func(*agentv1.SetBudgetRequest, float64)) func(string) error {
		return func(text string) error {
			value, err := strconv.ParseFloat(text, 64)
			if err == nil && !(value > 0 && value < 1e9) {
				err = errors.New("not a number above 0")
			}
			if c.budget == nil {
				c.budget = &agentv1.SetBudgetRequest{}
			}
			set(c.budget, value)
			return err
		}
	}
	flags.Func("max-cpu", "sample less when the agent takes more than so many percent of the machine in a minute, as 1", within(
		func(request *agentv1.SetBudgetRequest, percent float64) { request.MachinePercent = percent }))
	flags.Func("max-memory", "sample less when the agent holds more than so many MB, as 256", within(
		func(request *agentv1.SetBudgetRequest, megabytes float64) {
			request.MemoryBytes = uint64(megabytes * (1 << 20))
		}))
}

func (c *changes) registerNaming(flags *flag.FlagSet) {
	flags.Func("label", "add a label to every service, as env=prod, or take it away, as env=; may be repeated", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return errors.New("not a name and a value with = between them")
		}
		c.naming = append(c.naming, func(naming *agentv1.Naming) { setLabel(naming, name, value) })
		return nil
	})
	flags.BoolFunc("leading-slash", "call containers /name, as Grafana Alloy does; =false: no more", func(text string) error {
		wanted, err := strconv.ParseBool(text)
		c.naming = append(c.naming, func(naming *agentv1.Naming) { naming.LeadingSlash = wanted })
		return err
	})
	flags.Func("relabel", "file of Prometheus' relabel_configs, as a YAML list; an empty name: no rules", func(path string) error {
		text, err := readRules(path)
		c.naming = append(c.naming, func(naming *agentv1.Naming) { naming.RelabelConfigs = text })
		return err
	})
}

func setLabel(naming *agentv1.Naming, name, value string) {
	kept := naming.Labels[:0:0]
	for _, label := range naming.GetLabels() {
		if label.GetName() != name {
			kept = append(kept, label)
		}
	}
	if value != "" {
		kept = append(kept, &typesv1.LabelPair{Name: name, Value: value})
	}
	naming.Labels = kept
}

func readRules(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxRuleFile))
	return string(text), err
}

// runSet is the command set: it changes what a running agent samples and how it calls it.
func runSet(ctx context.Context, arguments []string, std streams) int {
	var where places
	var wanted changes
	flags := flag.NewFlagSet("set", flag.ContinueOnError)
	where.register(flags)
	wanted.register(flags)
	if code, ok := parseFlags(flags, arguments, std); !ok {
		return code
	}
	if flags.NArg() > 0 || !wanted.resample && wanted.selection == nil && wanted.naming == nil && wanted.budget == nil {
		fmt.Fprintln(std.err, "Say what to change, as in `pyrometer-agent set --rate 199 --burst 30s`; --help lists the flags.")
		return exitUsage
	}
	if err := where.absolute(); err != nil {
		return fail(std, err)
	}
	ctx, cancel := context.WithTimeout(ctx, setTimeout)
	defer cancel()
	agent, err := dialAgent(where)
	if err == nil {
		err = wanted.apply(ctx, agent, std)
	}
	if err != nil {
		return fail(std, err)
	}
	return exitOK
}

// dialAgent makes a client for the caller's own socket; root may use everybody's.
func dialAgent(where places) (agentv1connect.AgentServiceClient, error) {
	found, err := readRecord(where.runDirectory)
	if err != nil {
		return nil, err
	}
	if !found.running() {
		return nil, errors.New("no agent runs: start one first")
	}
	uid := os.Getuid()
	if uid == 0 && len(found.UIDs) > 0 {
		uid = found.UIDs[0]
	}
	socket := controlSocket(where.runDirectory, uid)
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	return agentv1connect.NewAgentServiceClient(client, "http://agent"), nil
}

// apply asks for the changes one by one, and says what it did.
func (c *changes) apply(ctx context.Context, agent agentv1connect.AgentServiceClient, std streams) error {
	if c.naming != nil {
		status, err := agent.GetStatus(ctx, connect.NewRequest(&agentv1.GetStatusRequest{}))
		if err != nil {
			return said(err)
		}
		naming := status.Msg.GetStatus().GetNaming()
		if naming == nil {
			naming = &agentv1.Naming{}
		}
		for _, change := range c.naming {
			change(naming)
		}
		if _, err := agent.SetNaming(ctx, connect.NewRequest(&agentv1.SetNamingRequest{Naming: naming})); err != nil {
			return said(err)
		}
		fmt.Fprintln(std.out, "Services are called so from now on.")
	}
	if c.selection != nil {
		if _, err := agent.SetSelection(ctx, connect.NewRequest(c.selection)); err != nil {
			return said(err)
		}
		fmt.Fprintln(std.out, "What is profiled was changed.")
	}
	if c.budget != nil {
		if _, err := agent.SetBudget(ctx, connect.NewRequest(c.budget)); err != nil {
			return said(err)
		}
		fmt.Fprintln(std.out, "The agent keeps to that from now on.")
	}
	if c.resample {
		if _, err := agent.SetSampling(ctx, connect.NewRequest(&c.sampling)); err != nil {
			return said(err)
		}
		fmt.Fprintln(std.out, "The sampling was changed.")
	}
	return nil
}

// said is the agent's own sentence, without the protocol's code.
func said(err error) error {
	var answered *connect.Error
	if errors.As(err, &answered) {
		return errors.New(answered.Message())
	}
	return err
}
