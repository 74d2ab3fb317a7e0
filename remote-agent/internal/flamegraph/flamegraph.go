// Package flamegraph makes the flame graphs that Pyroscope's API answers with: call trees by function name, level by level.
package flamegraph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
)

const (
	rootName = "total"
	// otherName stands for siblings that are left out.
	otherName = "other"
)

// Bounds of one graph: what a container pushed may have a few locations of very many inlined calls, each in many stacks.
const (
	maxTreeNodes  = 1 << 20
	maxTreeLevels = 16 << 10
	maxTreeSteps  = 64 << 20
)

// ErrTooLarge answers for profiles whose graph is larger than the agent makes.
var ErrTooLarge = fmt.Errorf(
	"the flame graph has more than %d nodes or %d levels: ask for less time, or for the profile itself (SelectMergeProfile)", maxTreeNodes, maxTreeLevels)

// sides are the values of a node: of a flame graph the first alone, of a difference the left and the right side.
type sides [2]int64

func (s sides) largest() int64 { return max(s[0], s[1]) }

func (s *sides) add(others sides) {
	s[0] += others[0]
	s[1] += others[1]
}

type node struct {
	name        string
	self, total sides
	children    []*node // in no order
}

// edge is what leads to a node.
type edge struct {
	from *node
	name string
}

// tree is a call tree of functions by name.
type tree struct {
	root  *node
	nodes map[edge]*node
	steps int
}

func newTree() *tree { return &tree{root: &node{name: rootName}, nodes: map[edge]*node{}} }

func (t *tree) child(of *node, name string) *node {
	at := edge{of, name}
	found, known := t.nodes[at]
	if !known {
		found = &node{name: name}
		t.nodes[at] = found
		of.children = append(of.children, found)
	}
	return found
}

// addProfile adds the first value of each sample. Inlined calls are nodes of their own.
func (t *tree) addProfile(profile *googlev1.Profile, side int) error {
	names := make(map[uint64]string, len(profile.GetFunction()))
	for _, function := range profile.GetFunction() {
		names[function.GetId()] = profile.GetStringTable()[function.GetName()]
	}
	locations := make(map[uint64]*googlev1.Location, len(profile.GetLocation()))
	for _, location := range profile.GetLocation() {
		locations[location.GetId()] = location
	}
	for _, sample := range profile.GetSample() {
		value := sample.GetValue()[0]
		at, levels := t.root, 0
		at.total[side] += value
		for _, id := range slices.Backward(sample.GetLocationId()) {
			lines := locations[id].GetLine()
			levels += len(lines)
			t.steps += len(lines)
			if levels > maxTreeLevels || t.steps > maxTreeSteps || len(t.nodes) > maxTreeNodes {
				return ErrTooLarge
			}
			for _, line := range slices.Backward(lines) {
				at = t.child(at, names[line.GetFunctionId()])
				at.total[side] += value
			}
		}
		at.self[side] += value
	}
	return nil
}

// smallestKept is the total of the smallest of the so many largest nodes below this one; 0 where all of them are kept.
func (n *node) smallestKept(nodes int) int64 {
	var totals []int64
	waiting := slices.Clone(n.children)
	for len(waiting) > 0 {
		next := waiting[len(waiting)-1]
		waiting = append(waiting[:len(waiting)-1], next.children...)
		totals = append(totals, next.total.largest())
	}
	if nodes == 0 || len(totals) <= nodes {
		return 0
	}
	slices.SortFunc(totals, func(a, b int64) int { return cmp.Compare(b, a) })
	return totals[nodes-1]
}

// Of makes the flame graph of a profile's first sample type. A level's values are four numbers a node: how far it begins behind
// the end of the node before it, total, self, and its name's place in names. Siblings that are not among the maxNodes largest
// nodes are one, "other"; 0 keeps all. ErrTooLarge is its only error.
func Of(profile *googlev1.Profile, maxNodes int) (*querierv1.FlameGraph, error) {
	t := newTree()
	if err := t.addProfile(profile, 0); err != nil {
		return nil, err
	}
	drawn := draw(t.root, 1, t.root.smallestKept(maxNodes))
	return &querierv1.FlameGraph{Names: drawn.names, Levels: drawn.levels(), Total: t.root.total[0], MaxSelf: drawn.maxSelf}, nil
}

// Difference puts two profiles into one graph. A level's values are seven numbers a node: offset, total and self of the left
// side, the same of the right side, and the name's place. A node is as large as its larger side. ErrTooLarge is its only error.
func Difference(left, right *googlev1.Profile, maxNodes int) (*querierv1.FlameGraphDiff, error) {
	t := newTree()
	if err := errors.Join(t.addProfile(left, 0), t.addProfile(right, 1)); err != nil {
		return nil, ErrTooLarge
	}
	drawn, total := draw(t.root, 2, t.root.smallestKept(maxNodes)), t.root.total
	return &querierv1.FlameGraphDiff{
		Names: drawn.names, Levels: drawn.levels(), Total: total[0] + total[1], MaxSelf: drawn.maxSelf,
		LeftTicks: total[0], RightTicks: total[1],
	}, nil
}

type drawing struct {
	sides    int
	smallest int64
	names    []string
	places   map[string]int64
	rows     []row
	maxSelf  int64
}

type row struct {
	values []int64
	end    sides // of the last node
}

func draw(root *node, sideCount int, smallest int64) *drawing {
	d := &drawing{sides: sideCount, smallest: smallest, places: map[string]int64{}}
	d.node(root, 0, sides{})
	return d
}

// node draws a node and what is above it. Nodes of a level come from left to right.
func (d *drawing) node(n *node, level int, offset sides) {
	if level == len(d.rows) {
		d.rows = append(d.rows, row{})
	}
	r := &d.rows[level]
	for side := range d.sides {
		r.values = append(r.values, offset[side]-r.end[side], n.total[side], n.self[side])
		r.end[side] = offset[side] + n.total[side]
	}
	r.values = append(r.values, d.place(n.name))
	d.maxSelf = max(d.maxSelf, n.self.largest())

	offset.add(n.self)
	other := &node{name: otherName}
	slices.SortFunc(n.children, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	for _, child := range n.children {
		if child.total.largest() < d.smallest {
			other.total.add(child.total)
			continue
		}
		d.node(child, level+1, offset)
		offset.add(child.total)
	}
	if other.total.largest() > 0 {
		other.self = other.total
		d.node(other, level+1, offset)
	}
}

func (d *drawing) place(name string) int64 {
	place, known := d.places[name]
	if !known {
		place = int64(len(d.names))
		d.places[name] = place
		d.names = append(d.names, name)
	}
	return place
}

func (d *drawing) levels() []*querierv1.Level {
	levels := make([]*querierv1.Level, len(d.rows))
	for i := range d.rows {
		levels[i] = &querierv1.Level{Values: d.rows[i].values}
	}
	return levels
}
