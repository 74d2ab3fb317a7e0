package target

// Engines are several sources of containers as one; the first that knows a container tells of it.
type Engines []Containers

var _ Containers = Engines(nil)

// Lookup implements Containers.
func (e Engines) Lookup(id string) (Container, bool) {
	for _, engine := range e {
		if found, ok := engine.Lookup(id); ok {
			return found, true
		}
	}
	return Container{}, false
}

// Generation implements Containers: each engine's only grows.
func (e Engines) Generation() (sum uint64) {
	for _, engine := range e {
		sum += engine.Generation()
	}
	return sum
}
