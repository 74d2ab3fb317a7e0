package store

// generations is a bounded cache: when the young half is full, the old half is forgotten and the young becomes old.
// What is used stays, at the price of being looked up in two maps; unlike a list it costs no write to read.
type generations[K comparable, V any] struct {
	limit      int // of each half
	young, old map[K]V
}

func newGenerations[K comparable, V any](limit int) *generations[K, V] {
	return &generations[K, V]{limit: limit / 2, young: map[K]V{}}
}

func (g *generations[K, V]) get(key K) (V, bool) {
	if value, found := g.young[key]; found {
		return value, true
	}
	value, found := g.old[key]
	if found {
		g.put(key, value)
	}
	return value, found
}

func (g *generations[K, V]) put(key K, value V) {
	if len(g.young) >= g.limit {
		g.old, g.young = g.young, make(map[K]V, g.limit/4)
	}
	g.young[key] = value
}
