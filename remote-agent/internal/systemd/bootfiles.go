package systemd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const description = "Pyrometer agent"

// BootFiles are what makes systemd start the agent after a reboot: a unit, the link that enables it, and a program that nobody but
// root can change. An agent that does not come back may lie among the programs as well.
type BootFiles struct {
	// Units is systemd's folder for units of the administrator, Programs a folder of ours.
	Units, Programs string
}

// DefaultBootFiles are where systemd and the file system hierarchy have them.
var DefaultBootFiles = BootFiles{Units: "/etc/systemd/system", Programs: "/opt/pyrometer"}

const programName = "pyrometer-agent"

func (b BootFiles) unit() string { return filepath.Join(b.Units, BootUnit) }

func (b BootFiles) link() string {
	return filepath.Join(b.Units, "multi-user.target.wants", BootUnit)
}

// There says whether the agent is started after a reboot.
func (b BootFiles) There() bool {
	_, err := os.Lstat(b.link())
	return err == nil
}

// Write has a program started with arguments at every boot, out of its place among Programs: one that lies elsewhere is copied
// there, into a folder that is named by id. Those of before are removed; what runs is left alone.
func (b BootFiles) Write(program, id string, arguments, environment []string) error {
	place := filepath.Join(b.Programs, id, programName)
	if own, ok := b.folderOf(program); ok {
		place, id = program, own
	} else {
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			return fmt.Errorf("make the agent's folder: %w", err)
		}
		if err := copyProgram(program, place); err != nil {
			return fmt.Errorf("copy the agent to %s: %w", place, err)
		}
	}
	text := unitText(append([]string{place}, arguments...), environment)
	if err := writeAtOnce(b.unit(), text); err != nil {
		return fmt.Errorf("write the unit: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(b.link()), 0o755); err != nil {
		return fmt.Errorf("enable the unit: %w", err)
	}
	if err := os.Symlink(b.unit(), b.link()); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("enable the unit: %w", err)
	}
	_, err := b.removePrograms(id)
	return err
}

// folderOf answers the name of the folder among Programs that a program lies in.
func (b BootFiles) folderOf(program string) (name string, ok bool) {
	folder := filepath.Dir(program)
	return filepath.Base(folder), filepath.Dir(folder) == b.Programs && filepath.Base(program) == programName
}

// Succeed removes the programs beside one that lies among Programs: those of before, unless one of them is started at every boot.
func (b BootFiles) Succeed(program string) error {
	own, ok := b.folderOf(program)
	if !ok || b.There() {
		return nil
	}
	_, err := b.removePrograms(own)
	return err
}

// Remove takes all of it away and answers what was there.
func (b BootFiles) Remove() (removed []string, err error) {
	// The link first: a unit that is half gone must not be started.
	for _, path := range []string{b.link(), b.unit()} {
		switch err := os.Remove(path); {
		case err == nil:
			removed = append(removed, path)
		case !errors.Is(err, os.ErrNotExist):
			return removed, fmt.Errorf("remove %s: %w", path, err)
		}
	}
	programs, err := b.removePrograms("")
	removed = append(removed, programs...)
	if err != nil {
		return removed, err
	}
	if os.Remove(b.Programs) == nil { // else there is none, or others keep something there
		removed = append(removed, b.Programs)
	}
	return removed, nil
}

// removePrograms removes all but one, and what was left of those that were not copied whole.
func (b BootFiles) removePrograms(but string) (removed []string, err error) {
	folders, err := filepath.Glob(filepath.Join(b.Programs, "*"))
	if err != nil {
		return nil, fmt.Errorf("look for programs: %w", err)
	}
	for _, folder := range folders {
		if filepath.Base(folder) == but {
			continue
		}
		entries, err := os.ReadDir(folder)
		if err != nil { // no folder, or gone meanwhile
			continue
		}
		if slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
			return !strings.HasPrefix(strings.TrimPrefix(entry.Name(), "."), programName)
		}) {
			continue // of others
		}
		err = nil
		for _, entry := range entries {
			err = errors.Join(err, os.Remove(filepath.Join(folder, entry.Name())))
		}
		if err := errors.Join(err, os.Remove(folder)); err != nil {
			return removed, fmt.Errorf("remove %s: %w", folder, err)
		}
		removed = append(removed, folder)
	}
	return removed, nil
}

func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	// Beside its place: one that runs cannot be written to.
	made, err := os.CreateTemp(filepath.Dir(to), "."+programName)
	if err != nil {
		return err
	}
	defer os.Remove(made.Name())
	_, err = io.Copy(made, source)
	if err := errors.Join(err, made.Chmod(0o755), made.Sync(), made.Close()); err != nil {
		return err
	}
	return os.Rename(made.Name(), to)
}

func writeAtOnce(path, text string) error {
	made, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	defer os.Remove(made.Name())
	_, err = made.WriteString(text)
	if err := errors.Join(err, made.Chmod(0o644), made.Sync(), made.Close()); err != nil {
		return err
	}
	return os.Rename(made.Name(), path)
}

// unitText is a unit's file.
func unitText(command, environment []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# Made by %s start --at-boot; \"stop\" and \"remove\" take it away.\n", programName)
	fmt.Fprintf(&text, "[Unit]\nDescription=%s\nAfter=docker.service containerd.service podman.socket\n", description)
	// One that failed would stay in systemd's list when its file is gone.
	text.WriteString("CollectMode=inactive-or-failed\n\n")
	words := make([]string, len(command))
	for i, word := range command {
		words[i] = strings.ReplaceAll(quoted(word), "$", "$$")
	}
	fmt.Fprintf(&text, "[Service]\nType=simple\nExecStart=%s\n", strings.Join(words, " "))
	for _, each := range environment {
		fmt.Fprintf(&text, "Environment=%s\n", quoted(each))
	}
	fmt.Fprintf(&text, "CPUQuota=%d%%\nMemoryMax=%d\nOOMScoreAdjust=%d\n\n", cpuQuotaUs/10_000, memoryBytes, oomScoreAdjust)
	text.WriteString("[Install]\nWantedBy=multi-user.target\n")
	return text.String()
}

// quoted makes a word of a unit's line that means itself, by systemd.syntax(7): in double quotes, with specifiers escaped. In a
// command line variables are to be escaped too, systemd.service(5).
func quoted(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "%", "%%").Replace(word) + `"`
}
