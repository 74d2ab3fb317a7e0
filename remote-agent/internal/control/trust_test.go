package control

import (
	"context"
	"strings"
	"testing"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/symbol"
)

type fakePackages struct{ asked []string }

func (f *fakePackages) OwnerOf(_ context.Context, mapping *engine.Mapping) symbol.Owner {
	f.asked = append(f.asked, mapping.Path)
	return symbol.Owner{Manager: symbol.ManagerDpkg, Package: "libpq5", Version: "15.1-1", Path: "/usr/lib/" + mapping.Path}
}

func TestTrustNamesThePackagesOfWhatIsMissing(t *testing.T) {
	judged := &store.Trust{NativeNs: 5, FrameNs: 400, NamedFrameNs: 100}
	for range maxPackages + 2 {
		judged.Mappings = append(judged.Mappings, store.Coverage{
			Mapping: engine.Mapping{FileID: "1", BuildID: "abcd", Path: "libpq.so.5\xff"}, ValueNs: 5, FrameNs: 200, NamedFrameNs: 50,
		})
	}
	whole := store.Coverage{Mapping: engine.Mapping{FileID: "2", Path: "whole.so"}, ValueNs: 5, FrameNs: 200, NamedFrameNs: 200}
	judged.Mappings = append([]store.Coverage{whole}, judged.Mappings...)
	packages := &fakePackages{}
	answer := trustOf(t.Context(), judged, packages)
	if answer.GetFrameNs() != 400 || answer.GetNamedFrameNs() != 100 {
		t.Errorf("%v", answer)
	}
	files := answer.GetFiles()
	if len(packages.asked) != maxPackages || files[0].GetMend() != "" {
		t.Errorf("asked for %d packages; %v", len(packages.asked), files[0])
	}
	if file := files[1]; file.GetFrameNs() != 200 || file.GetNamedFrameNs() != 50 || !strings.Contains(file.GetMend(), "libpq5-dbgsym of version 15.1-1") {
		t.Errorf("%v", file)
	}
	if mend := files[maxPackages+1].GetMend(); !strings.Contains(mend, "not installed") || strings.Contains(mend, "libpq5") {
		t.Errorf("of a file that was not asked for: %s", mend)
	}
}
