package probe

// The object is the same for amd64 and arm64: both are little endian and the program reads kernel fields by CO-RE only.
// clang is pinned so that CI can compare the regenerated object with the committed one.
//go:generate go tool bpf2go -cc clang-14 -strip llvm-strip-14 -target bpfel -go-package probe -output-stem sampler -type sampler_mode sampler ../../../bpf/sampler.bpf.c -- -O2 -g -Wall -Werror -I../../../bpf
