package store

// recentHashes remembers the last contents that were received, so that a sender that repeats itself after a lost
// answer is not counted twice. Not safe for concurrent use.
type recentHashes struct {
	seen map[[16]byte]struct{}
	ring [1024][16]byte
	next int
}

func (h *recentHashes) has(hash [16]byte) bool {
	_, known := h.seen[hash]
	return known
}

// add remembers a hash that is not there.
func (h *recentHashes) add(hash [16]byte) {
	if h.seen == nil {
		h.seen = make(map[[16]byte]struct{}, len(h.ring))
	}
	delete(h.seen, h.ring[h.next])
	h.ring[h.next] = hash
	h.next = (h.next + 1) % len(h.ring)
	h.seen[hash] = struct{}{}
}
