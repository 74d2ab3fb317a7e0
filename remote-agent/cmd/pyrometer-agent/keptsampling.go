//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"pyrometer.dev/remote-agent/internal/control"
	"pyrometer.dev/remote-agent/internal/store"
)

// samplingSetting is where the store keeps the rate and the length of windows, as sampledBefore in JSON.
const (
	samplingSetting = "sampling"
	samplingVersion = 1
)

// sampledBefore has 0 for what was not set.
type sampledBefore struct {
	Version       int `json:"version"`
	RateHz        int `json:"rate_hz"`
	WindowSeconds int `json:"window_seconds"`
}

// keptSampling changes the sampling, and keeps what is to stay: a burst is over when the agent ends.
type keptSampling struct {
	*sampling
	store *store.Store
}

var _ control.Sampling = keptSampling{}

// Set implements control.Sampling.
func (k keptSampling) Set(ctx context.Context, rateHz int, window, burst time.Duration) error {
	if err := k.sampling.Set(ctx, rateHz, window, burst); err != nil {
		return err
	}
	now, rest := k.current()
	if !slices.Contains(rates, rest) {
		rest = 0 // a flag's: it is given again
	}
	encoded, err := json.Marshal(sampledBefore{samplingVersion, rest, int(now.window / time.Second)})
	if err != nil {
		return fmt.Errorf("keep the sampling: %w", err)
	}
	return k.store.SetSetting(ctx, samplingSetting, encoded)
}

// load takes up what was kept, where no flag says otherwise.
func (k keptSampling) load(ctx context.Context, flags *options) error {
	encoded, err := k.store.Setting(ctx, samplingSetting)
	if err != nil || encoded == nil {
		return err
	}
	var kept sampledBefore
	if err := json.Unmarshal(encoded, &kept); err != nil {
		return fmt.Errorf("read the sampling: %w", err)
	}
	if kept.Version != samplingVersion {
		return fmt.Errorf("the sampling has version %d, this agent knows %d: set it again", kept.Version, samplingVersion)
	}
	rateHz, window := kept.RateHz, time.Duration(kept.WindowSeconds)*time.Second
	if flags.rateHz != 0 {
		rateHz = 0
	}
	if flags.window != 0 {
		window = 0
	}
	return k.sampling.Set(ctx, rateHz, window, 0)
}
