//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"pyrometer.dev/remote-agent/internal/budget"
	"pyrometer.dev/remote-agent/internal/control"
	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/store"
)

const (
	// economyInterval is how often the agent gives pages of files back and looks at what it costs.
	economyInterval = 5 * time.Second
	// budgetSetting is where the store keeps the ceilings, as keptCeilings in JSON.
	budgetSetting = "budget"
	budgetVersion = 1
)

// economy keeps the agent below its ceilings by sampling less.
type economy struct {
	agent    *agent
	governor *budget.Governor
	meter    *budget.Meter
	measured time.Time
}

func newEconomy(a *agent, bpfRunTime func() (time.Duration, bool)) (*economy, error) {
	meter, err := budget.NewMeter(bpfRunTime)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &economy{agent: a, meter: meter, measured: now, governor: budget.NewGovernor(budget.DefaultCeilings, runtime.NumCPU(), now)}, nil
}

// look measures what was spent since the last look, and changes the rate where that is too much, or was little for long.
func (e *economy) look(ctx context.Context, now time.Time) error {
	usage, err := e.meter.Measure()
	if err != nil {
		return err
	}
	length := now.Sub(e.measured)
	e.measured = now
	rate, higher := e.agent.sampling.rateAndHigher()
	by := 0
	switch e.governor.Observe(now, length, usage, rate, higher) {
	case budget.Keep:
		return nil
	case budget.Lower:
		// Memory that was freed and not given back may be what is over.
		debug.FreeOSMemory()
		by = 1
	case budget.Raise:
		by = -1
	}
	return e.agent.sampling.shift(ctx, by)
}

// sentence says what the budget does to the sampling; "" while it does nothing.
func (e *economy) sentence(now samplingNow) string {
	if now.rateHz == now.wantedHz {
		return ""
	}
	ceilings := e.governor.Ceilings()
	return fmt.Sprintf("The agent cost more than it may, %.3g %% of the machine and %d MB of memory: it samples %d times a second instead of %d.",
		ceilings.MachinePercent, ceilings.MemoryBytes>>20, now.rateHz, now.wantedHz)
}

// status is the contract's account of it.
func (e *economy) status(now samplingNow) *agentv1.Budget {
	ceilings, mean := e.governor.Ceilings(), e.governor.Mean()
	told := &agentv1.Budget{
		MachinePercent: ceilings.MachinePercent, MemoryBytes: ceilings.MemoryBytes, WantedRateHz: uint32(now.wantedHz), MeanMachinePercent: -1,
	}
	if mean.Known {
		told.MeanMachinePercent, told.MeanMemoryBytes = mean.MachinePercent, mean.MemoryBytes
	}
	return told
}

type keptCeilings struct {
	Version        int     `json:"version"`
	MachinePercent float64 `json:"machine_percent"`
	MemoryBytes    uint64  `json:"memory_bytes"`
}

// ceilings gives the governor the user's ceilings, and keeps them.
type ceilings struct {
	governor *budget.Governor
	store    *store.Store
}

var _ control.Budget = ceilings{}

// Set implements control.Budget.
func (c ceilings) Set(ctx context.Context, machinePercent float64, memoryBytes uint64) error {
	wanted := c.governor.Ceilings()
	if machinePercent != 0 {
		wanted.MachinePercent = machinePercent
	}
	if memoryBytes != 0 {
		wanted.MemoryBytes = memoryBytes
	}
	if err := wanted.Check(); err != nil {
		return err
	}
	c.use(wanted)
	encoded, err := json.Marshal(keptCeilings{budgetVersion, wanted.MachinePercent, wanted.MemoryBytes})
	if err != nil {
		return fmt.Errorf("keep the ceilings: %w", err)
	}
	return c.store.SetSetting(ctx, budgetSetting, encoded)
}

// load takes up what was kept.
func (c ceilings) load(ctx context.Context) error {
	encoded, err := c.store.Setting(ctx, budgetSetting)
	if err != nil || encoded == nil {
		return err
	}
	var kept keptCeilings
	if err := json.Unmarshal(encoded, &kept); err != nil {
		return fmt.Errorf("read the ceilings: %w", err)
	}
	wanted := budget.Ceilings{MachinePercent: kept.MachinePercent, MemoryBytes: kept.MemoryBytes}
	if kept.Version != budgetVersion {
		return fmt.Errorf("the ceilings have version %d, this agent knows %d: set them again", kept.Version, budgetVersion)
	}
	if err := wanted.Check(); err != nil {
		return err
	}
	c.use(wanted)
	return nil
}

func (c ceilings) use(wanted budget.Ceilings) {
	c.governor.SetCeilings(wanted)
	budget.LimitMemory(wanted)
}
