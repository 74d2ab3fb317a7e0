// Package keep holds the requirements of rooms that are not built yet; it goes when they are.
package keep

import (
	_ "connectrpc.com/connect"
	_ "github.com/cilium/ebpf"
	_ "github.com/elastic/go-perf"
	_ "github.com/google/pprof/profile"
	_ "github.com/ianlancetaylor/demangle"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/moby/moby/client"
	_ "github.com/prometheus/prometheus/model/labels"
	_ "github.com/prometheus/prometheus/promql/parser"
	_ "github.com/zeebo/xxh3"
	_ "go.opentelemetry.io/ebpf-profiler/tracer"
	_ "go.opentelemetry.io/otel/metric/noop"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/sys/unix"
	_ "google.golang.org/protobuf/proto"
	_ "modernc.org/sqlite"
)
