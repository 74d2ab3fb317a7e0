package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/zeebo/xxh3"

	"pyrometer.dev/remote-agent/internal/engine"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/symbol"
	"pyrometer.dev/remote-agent/internal/target"
)

// service is one that is made up.
type service struct {
	name      string
	image     string
	compose   string
	runtime   string
	thread    string
	firstPID  uint32
	processes uint32
	// deployed halfway: another image, container and processes.
	deployed bool
	// branches are lines of "cores[>cores after the change] frames", see parseFrame; each is spread over variants.
	trunk    string
	branches string

	once   sync.Once
	parsed []stack
}

type stack struct {
	cores, coresAfter float64
	frames            []*engine.Frame
	hash              [16]byte
}

// labels of the service; those of one that is deployed anew halfway say so.
func (s *service) labels(changed bool) []target.Label {
	version := "1"
	if changed && s.deployed {
		version = "2"
	}
	id := fmt.Sprintf("%x", xxh3.HashString128(s.name+strings.TrimPrefix(version, "1")).Bytes())
	return []target.Label{
		{Name: "compose_project", Value: "revel"},
		{Name: "compose_service", Value: s.compose},
		{Name: "container", Value: s.name},
		{Name: "container_id", Value: id + id},
		{Name: "host", Value: "replay.example"},
		{Name: "image", Value: s.image},
		{Name: "image_digest", Value: fmt.Sprintf("sha256:%x", xxh3.HashString128(s.image+version).Bytes())},
		{Name: "runtime", Value: s.runtime},
		{Name: "service_name", Value: s.name},
	}
}

// variants of each branch differ in the line of their deepest Python frame and the address of their leaf, as samples of
// one function do; the first gets the most.
const variants = 4

func (s *service) stacks() []stack {
	s.once.Do(func() {
		trunk := parseFrames(s.trunk)
		for text := range strings.Lines(strings.TrimSpace(s.branches)) {
			weight, path, _ := strings.Cut(strings.TrimSpace(text), " ")
			before, after, changes := strings.Cut(weight, ">")
			if !changes {
				after = before
			}
			frames := append(slices.Clone(trunk), parseFrames(path)...)
			for variant := range uint32(variants) {
				share := []float64{0.55, 0.25, 0.14, 0.06}[variant]
				made := stack{cores: number(before) * share, coresAfter: number(after) * share, frames: vary(frames, variant)}
				made.hash = xxh3.HashString128(fmt.Sprint(text, variant)).Bytes()
				slices.Reverse(made.frames)
				s.parsed = append(s.parsed, made)
			}
		}
	})
	return s.parsed
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic("made-up services: " + err.Error())
	}
	return value
}

func vary(frames []*engine.Frame, variant uint32) []*engine.Frame {
	varied := make([]*engine.Frame, len(frames))
	for i, frame := range frames {
		clone := *frame
		varied[i] = &clone
	}
	for i := len(varied) - 1; i >= 0; i-- {
		if varied[i].Kind == engine.KindPython {
			varied[i].Line += variant * 2
			break
		}
	}
	if leaf := varied[len(varied)-1]; leaf.Kind == engine.KindNative {
		leaf.Address += uint64(variant) * 9
	}
	return varied
}

func parseFrames(path string) []*engine.Frame {
	var frames []*engine.Frame
	for text := range strings.SplitSeq(path, ";") {
		frames = append(frames, parseFrame(strings.TrimSpace(text)))
	}
	return frames
}

// parseFrame reads "function@file.py:line" (Python), "function!path" (native, named), "0xADDRESS!path" (native, never
// named) and "[function]" (kernel).
func parseFrame(text string) *engine.Frame {
	if function, found := strings.CutPrefix(text, "["); found {
		return &engine.Frame{Kind: engine.KindKernel, Function: strings.TrimSuffix(function, "]")}
	}
	if function, path, native := strings.Cut(text, "!"); native {
		address := uint64(0x1000) + xxh3.HashString(function)%0x80000
		if hex, raw := strings.CutPrefix(function, "0x"); raw {
			address, _ = strconv.ParseUint(hex, 16, 64)
		} else {
			named.Store(store.Address{FileID: fileID(path), Address: address}, function)
		}
		return &engine.Frame{Kind: engine.KindNative, Mapping: mapping(path), Address: address}
	}
	function, at, _ := strings.Cut(text, "@")
	file, line, _ := strings.Cut(at, ":")
	return &engine.Frame{
		Kind: engine.KindPython, Function: function, File: file,
		Line: uint32(number(line)), FunctionLine: uint32(max(1, number(line)-6)),
	}
}

func fileID(path string) string { return fmt.Sprintf("%032x", xxh3.HashString128(path).Bytes()) }

var (
	mappings sync.Map // path -> *engine.Mapping
	named    sync.Map // store.Address -> function
)

func mapping(path string) *engine.Mapping {
	made, _ := mappings.LoadOrStore(path, &engine.Mapping{FileID: fileID(path), BuildID: fileID(path), Path: path})
	return made.(*engine.Mapping)
}

// names are the lines of all named native frames, at the addresses of their variants too.
func names() store.Names {
	for _, s := range services {
		s.stacks()
	}
	made := store.Names{}
	named.Range(func(key, value any) bool {
		address, function := key.(store.Address), value.(string)
		for variant := range uint64(variants) {
			at := store.Address{FileID: address.FileID, Address: address.Address + variant*9}
			made[at] = []symbol.Line{{Function: function, SystemName: function}}
		}
		return true
	})
	return made
}
