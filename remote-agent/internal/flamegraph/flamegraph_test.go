package flamegraph

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	googlev1 "pyrometer.dev/remote-agent/internal/gen/google/v1"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
)

// profileOf makes a profile of lines "root>leaf value"; "a+b" is a location with b inlined into a.
func profileOf(lines ...string) *googlev1.Profile {
	p := &googlev1.Profile{StringTable: []string{""}}
	locations := map[string]uint64{}
	locate := func(text string) uint64 {
		if id, known := locations[text]; known {
			return id
		}
		location := &googlev1.Location{Id: uint64(len(p.Location) + 1)}
		for name := range strings.SplitSeq(text, "+") {
			p.StringTable = append(p.StringTable, name)
			function := &googlev1.Function{Id: uint64(len(p.Function) + 1), Name: int64(len(p.StringTable) - 1)}
			p.Function = append(p.Function, function)
			location.Line = slices.Insert(location.Line, 0, &googlev1.Line{FunctionId: function.Id})
		}
		p.Location = append(p.Location, location)
		locations[text] = location.Id
		return location.Id
	}
	for _, line := range lines {
		path, value, _ := strings.Cut(line, " ")
		number, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			panic(err)
		}
		sample := &googlev1.Sample{Value: []int64{number}}
		for name := range strings.SplitSeq(path, ">") {
			sample.LocationId = slices.Insert(sample.LocationId, 0, locate(name))
		}
		p.Sample = append(p.Sample, sample)
	}
	return p
}

// picture has a line a level: each node as "[begin name total/self]", begins added up from the left.
func picture(names []string, levels []*querierv1.Level, sides int) string {
	var text strings.Builder
	for _, level := range levels {
		ends := make([]int64, sides)
		for node := range slices.Chunk(level.GetValues(), 3*sides+1) {
			text.WriteString("[" + names[node[3*sides]])
			for side := range sides {
				begin := ends[side] + node[3*side]
				ends[side] = begin + node[3*side+1]
				fmt.Fprintf(&text, " %d:%d/%d", begin, node[3*side+1], node[3*side+2])
			}
			text.WriteString("]")
		}
		text.WriteString("\n")
	}
	return text.String()
}

func graphOf(t *testing.T, p *googlev1.Profile, maxNodes int) *querierv1.FlameGraph {
	t.Helper()
	graph, err := Of(p, maxNodes)
	if err != nil {
		t.Fatal(err)
	}
	return graph
}

// TestHostileProfiles: of what a container may push, three shapes grow when they are drawn.
func TestHostileProfiles(t *testing.T) {
	inlined := func(count int) string {
		all := make([]string, count)
		for i := range all {
			all[i] = fmt.Sprintf("f%d", i%2000)
		}
		return strings.Join(all, "+")
	}
	deep, steps := profileOf(inlined(maxTreeLevels+1)+" 1"), profileOf(inlined(maxTreeLevels-1)+" 1")
	for len(steps.Sample)*(maxTreeLevels-1) <= maxTreeSteps {
		steps.Sample = append(steps.Sample, steps.Sample[0])
	}
	for name, p := range map[string]*googlev1.Profile{"deep": deep, "many steps": steps} {
		if _, err := Of(p, 0); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Difference(profileOf("main 1"), p, 0); !errors.Is(err, ErrTooLarge) {
			t.Errorf("difference, %s: %v", name, err)
		}
	}
	// Very many siblings cost no more than their number.
	wide := make([]string, 1<<18)
	for i := range wide {
		wide[i] = fmt.Sprintf("f%d 1", i)
	}
	if graph := graphOf(t, profileOf(wide...), 0); int(graph.GetTotal()) != len(wide) || len(graph.GetLevels()[1].GetValues()) != 4*len(wide) {
		t.Errorf("wide: %d", graph.GetTotal())
	}
}

func TestFlameGraph(t *testing.T) {
	p := profileOf("main>z 4", "main 2", "main>a>b 3", "main>a+c 1", "idle 5", "main>z>a 1")
	for maxNodes, want := range map[int]string{
		0: `[total 0:16/0]
[idle 0:5/5][main 5:11/2]
[a 7:4/0][z 11:5/4]
[b 7:3/3][c 10:1/1][a 15:1/1]
`,
		// The fourth largest has 4: what is smaller is one beside it.
		4: `[total 0:16/0]
[idle 0:5/5][main 5:11/2]
[a 7:4/0][z 11:5/4]
[other 7:4/4][other 15:1/1]
`,
		1: "[total 0:16/0]\n[main 0:11/2][other 11:5/5]\n[other 2:9/9]\n",
	} {
		graph := graphOf(t, p, maxNodes)
		if got := picture(graph.GetNames(), graph.GetLevels(), 1); got != want {
			t.Errorf("%d nodes:\n%swant\n%s", maxNodes, got, want)
		}
		if graph.GetTotal() != 16 {
			t.Errorf("total %d", graph.GetTotal())
		}
	}
	if self := graphOf(t, p, 0).GetMaxSelf(); self != 5 {
		t.Errorf("largest self %d", self)
	}
}

func TestFlameGraphOfNothing(t *testing.T) {
	graph := graphOf(t, profileOf(), 0)
	if got := picture(graph.GetNames(), graph.GetLevels(), 1); got != "[total 0:0/0]\n" {
		t.Errorf("got %q", got)
	}
}

func TestDifference(t *testing.T) {
	graph, err := Difference(profileOf("main>a 4", "main>b 2"), profileOf("main>a 1", "main>c 8"), 0)
	if err != nil {
		t.Fatal(err)
	}
	want := `[total 0:6/0 0:9/0]
[main 0:6/0 0:9/0]
[a 0:4/4 0:1/1][b 4:2/2 1:0/0][c 6:0/0 1:8/8]
`
	if got := picture(graph.GetNames(), graph.GetLevels(), 2); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if graph.GetLeftTicks() != 6 || graph.GetRightTicks() != 9 || graph.GetTotal() != 15 || graph.GetMaxSelf() != 8 {
		t.Errorf("%d %d %d %d", graph.GetLeftTicks(), graph.GetRightTicks(), graph.GetTotal(), graph.GetMaxSelf())
	}
}
