//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"pyrometer.dev/remote-agent/internal/control"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
)

// namingSetting is where the store keeps the naming, as keptNaming in JSON.
const (
	namingSetting = "naming"
	namingVersion = 1
)

type keptNaming struct {
	Version        int         `json:"version"`
	Labels         [][2]string `json:"labels"`
	LeadingSlash   bool        `json:"leading_slash"`
	RelabelConfigs string      `json:"relabel_configs"`
}

// namings gives the resolver the user's naming, and keeps it.
type namings struct {
	resolver *target.Resolver
	store    *store.Store
}

var _ control.Naming = namings{}

// Set implements control.Naming.
func (n namings) Set(ctx context.Context, naming target.Naming) error {
	if err := n.resolver.SetNaming(naming); err != nil {
		return err
	}
	kept := keptNaming{Version: namingVersion, LeadingSlash: naming.LeadingSlash, RelabelConfigs: naming.RelabelConfigs}
	for _, label := range naming.Labels {
		kept.Labels = append(kept.Labels, [2]string{label.Name, label.Value})
	}
	encoded, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("keep the naming: %w", err)
	}
	return n.store.SetSetting(ctx, namingSetting, encoded)
}

// load takes up what was kept.
func (n namings) load(ctx context.Context) error {
	encoded, err := n.store.Setting(ctx, namingSetting)
	if err != nil || encoded == nil {
		return err
	}
	var kept keptNaming
	if err := json.Unmarshal(encoded, &kept); err != nil {
		return fmt.Errorf("read the naming: %w", err)
	}
	if kept.Version != namingVersion {
		return fmt.Errorf("the naming has version %d, this agent knows %d: set it again", kept.Version, namingVersion)
	}
	naming := target.Naming{LeadingSlash: kept.LeadingSlash, RelabelConfigs: kept.RelabelConfigs}
	for _, pair := range kept.Labels {
		naming.Labels = append(naming.Labels, target.Label{Name: pair[0], Value: pair[1]})
	}
	return n.resolver.SetNaming(naming)
}
