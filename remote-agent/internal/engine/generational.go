package engine

// generational is a map of bounded size that forgets what was not used for the longest time, roughly: when the young
// generation is full it becomes the old one, and the old one is dropped. Cheaper than a least-recently-used list, and
// what is used in each generation is never forgotten. Not safe for concurrent use.
type generational[K comparable, V any] struct {
	// limit is how many entries one generation holds; twice as many are held at most.
	limit      int
	young, old map[K]V
}

func newGenerational[K comparable, V any](limit int) *generational[K, V] {
	return &generational[K, V]{limit: limit, young: make(map[K]V)}
}

func (g *generational[K, V]) get(key K) (V, bool) {
	if value, ok := g.young[key]; ok {
		return value, true
	}
	value, ok := g.old[key]
	if ok {
		g.put(key, value)
	}
	return value, ok
}

func (g *generational[K, V]) put(key K, value V) {
	if len(g.young) >= g.limit {
		g.old = g.young
		g.young = make(map[K]V, g.limit)
	}
	g.young[key] = value
}
