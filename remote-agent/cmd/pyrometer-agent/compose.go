//go:build linux && !composed

package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/target"
)

// runBridge is the command bridge; nil while there is no contract to carry.
var runBridge func(ctx context.Context, arguments []string, std streams) int

// controlSocketName is the file name of a user's control socket.
func controlSocketName(uid int) string { return "control-" + strconv.Itoa(uid) + ".sock" }

// compose makes the pipeline of an agent: until windows, store and control are joined, one that counts samples by
// service and logs them, which is how sampling is looked at by hand.
func compose(a *agent) pipeline {
	return &counting{logger: a.logger, resolver: a.resolver, window: a.options.window, counts: make(map[string]uint64)}
}

// counting is a pipeline that keeps nothing.
type counting struct {
	logger   *slog.Logger
	resolver *target.Resolver
	window   time.Duration

	mu     sync.Mutex
	counts map[string]uint64
}

var _ pipeline = (*counting)(nil)

// HandleSample implements engine.Sink.
func (c *counting) HandleSample(sample *engine.Sample) {
	service := ""
	for _, label := range c.resolver.Identify(sample.PID).Labels {
		if label.Name == "service_name" {
			service = label.Value
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[service] += sample.Count
}

func (c *counting) ObserveMapping(uint32, *engine.Mapping) {}

func (c *counting) Listen(string, []int) error { return nil }

func (c *counting) Admit(*os.File, string, int) error {
	return errors.New("this build of the agent serves nobody")
}

func (c *counting) Open(context.Context) error { return nil }

func (c *counting) Facts() facts { return facts{} }

// Run logs the counts of each window until ctx ends.
func (c *counting) Run(ctx context.Context) error {
	ticks := time.NewTicker(c.window)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return c.CloseWindow(context.WithoutCancel(ctx))
		case <-ticks.C:
			if err := c.CloseWindow(ctx); err != nil {
				return err
			}
		}
	}
}

func (c *counting) CloseWindow(context.Context) error {
	c.mu.Lock()
	counts := c.counts
	c.counts = make(map[string]uint64)
	c.mu.Unlock()
	services := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	for _, service := range services {
		c.logger.Info("samples", "service", service, "count", counts[service])
	}
	return nil
}
