// Package systemd runs the agent as a unit, where systemd is what runs services: with limits that the kernel keeps, in a cgroup of
// its own, and, where that is wanted, again after a reboot.
//
// It talks to systemd itself, over its private socket, which needs no message bus and takes root alone.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
)

// Units of ours. A machine runs one agent.
const (
	// OnceUnit is the agent's while it is gone after a reboot. It has no file.
	OnceUnit = "pyrometer-agent-once.service"
	// BootUnit is the agent's that comes back.
	BootUnit = "pyrometer-agent.service"
)

// What the kernel holds the agent to. Its budget keeps it far below: these are for when that fails.
const (
	// cpuQuotaUs is one core, in microseconds a second. A start alone takes seconds of it.
	cpuQuotaUs = 1_000_000
	// memoryBytes is three times the ceiling: files that were read count too, and are given back first.
	memoryBytes = 768 << 20
	// oomScoreAdjust lets the agent be killed before what it looks at.
	oomScoreAdjust = 500
)

// endPatience is how long systemd may take to note that a unit has ended.
const endPatience = 5 * time.Second

// Booted says whether systemd is what runs services here, as sd_booted(3) does.
func Booted() bool {
	info, err := os.Lstat("/run/systemd/system")
	return err == nil && info.IsDir()
}

// Manager is a connection to systemd.
type Manager struct{ connection *dbus.Conn }

// Connect connects to the systemd of this machine.
func Connect(ctx context.Context) (*Manager, error) {
	connection, err := dbus.NewSystemdConnectionContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to systemd: %w", err)
	}
	return &Manager{connection}, nil
}

// Close ends the connection.
func (m *Manager) Close() { m.connection.Close() }

// execStart is what systemd takes for ExecStart: dbus.PropExecStart has no place for a program that is called otherwise.
type execStart struct {
	Path             string
	Args             []string
	UncleanIsFailure bool
}

// StartOnce begins to run a program with a name and arguments as OnceUnit.
func (m *Manager) StartOnce(ctx context.Context, program string, command, environment []string) error {
	return m.again(ctx, OnceUnit, func(result chan<- string) (int, error) {
		return m.connection.StartTransientUnitContext(ctx, OnceUnit, "fail", []dbus.Property{
			dbus.PropDescription(description),
			dbus.PropType("simple"),
			property("ExecStart", []execStart{{program, command, true}}),
			property("Environment", environment),
			property("CPUQuotaPerSecUSec", uint64(cpuQuotaUs)),
			property("MemoryMax", uint64(memoryBytes)),
			property("OOMScoreAdjust", int32(oomScoreAdjust)),
			// A unit that failed would stay in the list, and in the way of the next one.
			property("CollectMode", "inactive-or-failed"),
		}, result)
	})
}

// StartBoot runs what BootFiles wrote.
func (m *Manager) StartBoot(ctx context.Context) error {
	if err := m.Reload(ctx); err != nil {
		return err
	}
	return m.again(ctx, BootUnit, func(result chan<- string) (int, error) {
		return m.connection.StartUnitContext(ctx, BootUnit, "fail", result)
	})
}

// Reload makes systemd read the files of units anew.
func (m *Manager) Reload(ctx context.Context) error {
	if err := m.connection.ReloadContext(ctx); err != nil {
		return fmt.Errorf("have systemd read its units: %w", err)
	}
	return nil
}

// Separate moves a process out of its unit into a scope of its own, so that it is not ended with the unit.
func (m *Manager) Separate(ctx context.Context, pid int) error {
	name := fmt.Sprintf("pyrometer-keeper-%d.scope", pid)
	return m.job(ctx, name, func(result chan<- string) (int, error) {
		return m.connection.StartTransientUnitContext(ctx, name, "fail", []dbus.Property{
			dbus.PropDescription("Pyrometer agent, its keeper"),
			dbus.PropPids(uint32(pid)), //nolint:gosec // a pid
			property("MemoryMax", uint64(memoryBytes)),
			property("CollectMode", "inactive-or-failed"),
		}, result)
	})
}

// Active says whether a unit runs or begins to.
func (m *Manager) Active(ctx context.Context, unit string) (bool, error) {
	state, err := m.connection.GetUnitPropertyContext(ctx, unit, "ActiveState")
	if err != nil {
		return false, fmt.Errorf("ask systemd for %s: %w", unit, err)
	}
	value := state.Value.Value()
	return value == "active" || value == "activating", nil
}

// Stop ends a unit.
func (m *Manager) Stop(ctx context.Context, unit string) error {
	return m.job(ctx, unit, func(result chan<- string) (int, error) {
		return m.connection.StopUnitContext(ctx, unit, "replace", result)
	})
}

// End ends a unit that may have ended by itself, and has systemd forget how: one that failed stays in its list when its file is gone.
func (m *Manager) End(ctx context.Context, unit string) error {
	err := m.Stop(ctx, unit)
	if err == nil {
		err = m.connection.ResetFailedUnitContext(ctx, unit)
	}
	if refused := new(godbus.Error); errors.As(err, refused) && refused.Name == "org.freedesktop.systemd1.NoSuchUnit" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end %s: %w", unit, err)
	}
	return nil
}

// again runs the job of a unit that may have run a moment ago: systemd takes note of an end only after everybody else.
func (m *Manager) again(ctx context.Context, unit string, begin func(result chan<- string) (int, error)) error {
	for deadline := time.Now().Add(endPatience); ; {
		active, err := m.Active(ctx, unit)
		if err != nil || !active { // one that cannot be asked for is not there
			err = m.job(ctx, unit, begin)
			if refused := new(godbus.Error); !errors.As(err, refused) || refused.Name != "org.freedesktop.systemd1.UnitExists" {
				return err
			}
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("%s is there already", unit), err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(endPatience / 50):
		}
	}
}

// job waits for a job that begin has begun.
func (m *Manager) job(ctx context.Context, unit string, begin func(result chan<- string) (int, error)) error {
	result := make(chan string, 1)
	if _, err := begin(result); err != nil {
		return fmt.Errorf("systemd refuses %s: %w", unit, err)
	}
	select {
	case said := <-result:
		if said != "done" {
			return fmt.Errorf("systemd ran %s and says %q: look at journalctl -u %s", unit, said, unit)
		}
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("systemd does not answer about %s", unit), ctx.Err())
	}
}

func property(name string, value any) dbus.Property {
	return dbus.Property{Name: name, Value: godbus.MakeVariant(value)}
}
