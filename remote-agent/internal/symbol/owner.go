package symbol

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/engine"
)

// Manager is a distribution's package manager.
type Manager string

// Managers. Of rpm only the presence is told: its database is binary, and the agent starts no programs.
const (
	ManagerDpkg Manager = "dpkg"
	ManagerApk  Manager = "apk"
	ManagerRpm  Manager = "rpm"
)

// Owner is the package that a file of a profiled process came with, as the file lists in that process's own root say. The
// zero value: nobody knows.
type Owner struct {
	Manager Manager
	// Package and Version are safe to print in a command: they are made of letters, digits and ".+-~:_" only.
	Package, Version string
	// Path of the file as its process sees it; the unwinder may have told the base name only.
	Path string
}

const (
	dpkgLists  = "/var/lib/dpkg/info"
	dpkgStatus = "/var/lib/dpkg/status"
	apkLists   = "/lib/apk/db/installed"
	// maxLists and maxListBytes bound what is read of a root's file lists: a desktop has 3,000 of 15 MB.
	maxLists     = 16 << 10
	maxListBytes = 64 << 20
)

var (
	rpmDatabases = []string{"/usr/lib/sysimage/rpm", "/var/lib/rpm"}
	packageName  = regexp.MustCompile(`^[a-z0-9][a-z0-9+._-]{0,99}$`)
	versionName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+.~:_-]{0,99}$`)
)

// ownerOf looks for the package of a mapped file.
func (l *loader) ownerOf(mapping *engine.Mapping, pids []uint32) (Owner, error) {
	var owner Owner
	err := l.withFile(mapping, pids, func(_ *image, root opener, filePath string) (err error) {
		process, ok := root.(*processRoot)
		if !ok {
			return nil
		}
		owner, err = ownerIn(process, filePath)
		return err
	})
	return owner, err
}

func ownerIn(root *processRoot, filePath string) (Owner, error) {
	filePath = path.Clean(filePath)
	for _, look := range []func(*processRoot, string) (Owner, error){dpkgOwner, apkOwner, rpmOwner} {
		owner, err := look(root, filePath)
		if err != nil && reasonOf(err) != ReasonGone {
			return Owner{}, err
		}
		if owner.Manager != "" {
			owner.Path = filePath
			return owner, nil
		}
	}
	return Owner{Path: filePath}, nil
}

// spellings of a path in a file list: a package that was built before /usr was merged lists /lib, the process sees /usr/lib.
func spellings(filePath string) []string {
	if rest, ok := strings.CutPrefix(filePath, "/usr"); ok && strings.HasPrefix(rest, "/") {
		return []string{filePath, rest}
	}
	return []string{filePath, "/usr" + filePath}
}

// dpkgOwner reads Debian's lists: /var/lib/dpkg/info/PACKAGE[:ARCHITECTURE].list holds one path a line.
func dpkgOwner(root *processRoot, filePath string) (Owner, error) {
	names, err := root.list(dpkgLists, maxLists)
	if err != nil {
		return Owner{}, err
	}
	wanted := [][]byte{}
	for _, spelling := range spellings(filePath) {
		wanted = append(wanted, []byte("\n"+spelling+"\n"))
	}
	budget := int64(maxListBytes)
	for _, name := range names {
		owner, isList := strings.CutSuffix(name, ".list")
		owner, _, _ = strings.Cut(owner, ":")
		if !isList || !packageName.MatchString(owner) {
			continue
		}
		content, err := root.read(dpkgLists+"/"+name, budget)
		if err != nil {
			if reasonOf(err) == ReasonTooMany {
				return Owner{}, err
			}
			continue // One list that cannot be read leaves the others.
		}
		budget -= int64(len(content))
		content = append(append([]byte{'\n'}, content...), '\n')
		for _, path := range wanted {
			if bytes.Contains(content, path) {
				return Owner{Manager: ManagerDpkg, Package: owner, Version: dpkgVersion(root, owner)}, nil
			}
		}
	}
	return Owner{}, nil
}

// dpkgVersion is "" where the status does not tell it.
func dpkgVersion(root *processRoot, name string) string {
	content, err := root.read(dpkgStatus, maxListBytes)
	if err != nil {
		return ""
	}
	inside := false
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "Package":
			inside = value == name
		case field == "Version" && inside && versionName.MatchString(value):
			return value
		}
	}
	return ""
}

// apkOwner reads Alpine's list: records of lines "P:package", "V:version", "F:directory without a slash in front", "R:file",
// ended by an empty line.
func apkOwner(root *processRoot, filePath string) (Owner, error) {
	content, err := root.read(apkLists, maxListBytes)
	if err != nil {
		return Owner{}, err
	}
	wanted := spellings(filePath)
	var owner Owner
	var directory string
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch key {
		case "":
			owner = Owner{}
		case "P":
			owner = Owner{Manager: ManagerApk, Package: value}
		case "V":
			owner.Version = value
		case "F":
			directory = "/" + value
		case "R":
			if found := path.Join(directory, value); (found == wanted[0] || found == wanted[1]) && packageName.MatchString(owner.Package) {
				if !versionName.MatchString(owner.Version) {
					owner.Version = ""
				}
				return owner, nil
			}
		}
	}
	return Owner{}, nil
}

func rpmOwner(root *processRoot, _ string) (Owner, error) {
	for _, database := range rpmDatabases {
		if names, err := root.list(database, 1); err == nil && len(names) > 0 {
			return Owner{Manager: ManagerRpm}, nil
		}
	}
	return Owner{}, nil
}

// list gives at most limit names of a directory below the root.
func (r *processRoot) list(directory string, limit int) ([]string, error) {
	fd, err := openat2(r.fd, directory, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NONBLOCK | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, fmt.Errorf("open folder %q in root of process: %w", directory, err)
	}
	opened := os.NewFile(uintptr(fd), directory)
	names, err := opened.Readdirnames(limit)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return names, errors.Join(err, opened.Close())
}

// read returns a whole file of at most limit bytes.
func (r *processRoot) read(filePath string, limit int64) (_ []byte, err error) {
	opened, err := r.open(filePath)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	if opened.size > limit {
		return nil, refuse(ReasonTooMany, "%q has %d bytes, %d may be read", filePath, opened.size, limit)
	}
	content := make([]byte, opened.size)
	return content, readFullAt(opened, content, 0)
}
