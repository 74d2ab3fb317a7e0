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
	// givenSetting is where the store keeps which start's naming was taken up, as it marked it.
	givenSetting = "naming_given"
)

type keptNaming struct {
	Version        int         `json:"version"`
	Labels         [][2]string `json:"labels"`
	LeadingSlash   bool        `json:"leading_slash"`
	RelabelConfigs string      `json:"relabel_configs"`
	// Start marks the start that it was given to: an agent that is started again by the same arguments, as after a reboot,
	// keeps what was set since. Empty in the store.
	Start string `json:"start,omitempty"`
}

func (k *keptNaming) naming() target.Naming {
	naming := target.Naming{LeadingSlash: k.LeadingSlash, RelabelConfigs: k.RelabelConfigs}
	for _, pair := range k.Labels {
		naming.Labels = append(naming.Labels, target.Label{Name: pair[0], Value: pair[1]})
	}
	return naming
}

// readNaming reads what --naming has or the store keeps.
func readNaming(text []byte) (*keptNaming, error) {
	var kept keptNaming
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("read the naming: %w", err)
	}
	if kept.Version != namingVersion {
		return nil, fmt.Errorf("the naming has version %d, this agent knows %d: set it again", kept.Version, namingVersion)
	}
	return &kept, nil
}

// checkNaming says what is wrong with what --naming has.
func checkNaming(text string) error {
	kept, err := readNaming([]byte(text))
	if err != nil {
		return err
	}
	return target.NewResolver("", target.Engines{}).SetNaming(kept.naming())
}

// marked is what --naming has, marked as that of one start.
func marked(text, start string) (string, error) {
	kept, err := readNaming([]byte(text))
	if err != nil {
		return "", err
	}
	kept.Start = start
	encoded, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("mark the naming: %w", err)
	}
	return string(encoded), nil
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
	kept, err := readNaming(encoded)
	if err != nil {
		return err
	}
	return n.resolver.SetNaming(kept.naming())
}

// take takes up the naming that the agent was started with; "": none. Once: after that it is what was set last.
func (n namings) take(ctx context.Context, given string) error {
	if given == "" {
		return nil
	}
	wanted, err := readNaming([]byte(given))
	if err != nil {
		return err
	}
	taken, err := n.store.Setting(ctx, givenSetting)
	if err != nil {
		return err
	}
	if wanted.Start != "" && string(taken) == wanted.Start {
		return nil
	}
	if err := n.Set(ctx, wanted.naming()); err != nil {
		return err
	}
	return n.store.SetSetting(ctx, givenSetting, []byte(wanted.Start))
}
