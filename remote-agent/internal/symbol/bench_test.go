package symbol

import (
	"bytes"
	"debug/elf"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// benchmarkFiles are libraries of the size that Python services load.
var benchmarkFiles = []string{
	"/usr/lib/x86_64-linux-gnu/libc.so.6",
	"/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
	"/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0",
}

func BenchmarkBuildTable(b *testing.B) {
	for _, path := range benchmarkFiles {
		b.Run(filepath.Base(path), func(b *testing.B) {
			content, err := os.ReadFile(path)
			if err != nil {
				b.Skip(err)
			}
			var table *Table
			b.ReportAllocs()
			for b.Loop() {
				result, _, err := parseBytes(content)
				if err != nil {
					b.Fatal(err)
				}
				table = result.table
			}
			b.ReportMetric(float64(table.Len()), "functions")
			b.ReportMetric(float64(table.Bytes()), "table-bytes")
		})
	}
}

// BenchmarkStandardLibrary is what reading the same symbols with debug/elf costs, before any table is made.
func BenchmarkStandardLibrary(b *testing.B) {
	for _, path := range benchmarkFiles {
		b.Run(filepath.Base(path), func(b *testing.B) {
			content, err := os.ReadFile(path)
			if err != nil {
				b.Skip(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				file, err := elf.NewFile(bytes.NewReader(content))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := file.Symbols(); err == nil {
					continue
				}
				if _, err := file.DynamicSymbols(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, path := range benchmarkFiles {
		b.Run(filepath.Base(path), func(b *testing.B) {
			content, err := os.ReadFile(path)
			if err != nil {
				b.Skip(err)
			}
			result, _, err := parseBytes(content)
			if err != nil {
				b.Fatal(err)
			}
			random := rand.New(rand.NewPCG(1, 2))
			addresses := make([]uint64, 4096)
			for i := range addresses {
				at := result.table.starts[random.IntN(len(result.table.starts))]
				addresses[i] = at + random.Uint64N(16)
			}
			i := 0
			for b.Loop() {
				result.table.Lookup(addresses[i%len(addresses)])
				i++
			}
		})
	}
}

func BenchmarkDisplayName(b *testing.B) {
	for name, raw := range map[string]string{
		"C": "EVP_DigestUpdate", "C++": "_ZNK4shop4cart6BasketIdE5totalEi", "Rust": "_ZN4main4oven5knead17heb935cf7d5fe251fE",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				displayName(raw)
			}
		})
	}
}
