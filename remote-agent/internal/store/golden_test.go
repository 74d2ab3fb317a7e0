package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestGoldenProfile holds the whole answer of a query against a text that was looked at: types, period, times, comments, mappings
// with build-ids, locations, functions and samples, in pprof's own rendering. Whoever changes it on purpose puts what the test
// prints into the file.
func TestGoldenProfile(t *testing.T) {
	defer func(before *time.Location) { time.Local = before }(time.Local)
	time.Local = time.UTC
	s := openStore(t, func(options *Options) { options.Comments = []string{"host: h", "pyrometer-agent 0.1.0"} })
	s.must(t,
		windowOf("web", baseMs, "1/a main>view>0x1234>[vfs_read] 3", "1/b main>view>other:0x99 2", "2/a main 1"),
		windowOf("db", baseMs, "3/pg main>0x1234 8"),
	)
	s.must(t, windowOf("web", baseMs+stepMs, "1/a main>view 5"))
	golden := filepath.Join("testdata", "merged.golden.txt")
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Error(err)
	}
	if got := merged(t, s, selection(`{service_name="web"}`, baseMs, baseMs+2*stepMs)).String(); got != string(want) {
		t.Errorf("another profile than %s:\n%s", golden, got)
	}
}
