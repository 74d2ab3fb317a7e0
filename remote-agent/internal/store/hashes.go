package store

// recentHashes remembers the last contents that were received, so that a sender that repeats itself after a lost
// answer is not counted twice. Not safe for concurrent use.
type recentHashes struct {
	seen map[[16]byte]struct{}
	ring [1024][16]byte
	next int
}

// add says whether the hash is new.
func (h *recentHashes) add(hash [16]byte) bool {
	if _, known := h.seen[hash]; known {
		return false
	}
	if h.seen == nil {
		h.seen = make(map[[16]byte]struct{}, len(h.ring))
	}
	delete(h.seen, h.ring[h.next])
	h.ring[h.next] = hash
	h.next = (h.next + 1) % len(h.ring)
	h.seen[hash] = struct{}{}
	return true
}

// forget makes a hash new again, when what it stands for was not stored after all.
func (h *recentHashes) forget(hash [16]byte) { delete(h.seen, hash) }
