package push

// warnSeries is from which forecast on a person is told: a server takes 5,000 series of a tenant by default, and refuses new
// ones of everybody then.
const warnSeries = 4000

const (
	hourMs = 3_600_000
	// settledMs is how long all services that were there anyway are counted as such, by the time of windows.
	settledMs = 60_000
	// steadyMs is the shortest time that a rate of new series is taken from.
	steadyMs = 300_000
	// maxCountedSeries bounds the memory of the count.
	maxCountedSeries = 100_000
)

// seriesCount counts the distinct series of the last hour of windows, which is about what a server holds open.
type seriesCount struct {
	seen    map[string]*seriesSpan
	beganMs int64
	endMs   int64
}

type seriesSpan struct{ firstMs, lastMs int64 }

// note counts a window of a series.
func (c *seriesCount) note(key string, endMs int64) {
	if c.seen == nil {
		c.seen, c.beganMs = map[string]*seriesSpan{}, endMs
	}
	c.endMs = max(c.endMs, endMs)
	span := c.seen[key]
	if span == nil {
		if len(c.seen) >= maxCountedSeries {
			return
		}
		span = &seriesSpan{firstMs: endMs}
		c.seen[key] = span
	}
	span.lastMs = max(span.lastMs, endMs)
}

// counted is how many series there were in the last hour, and how many there will be in one if new ones come as they do: a
// service that starts anew under another label, as a container with its id, makes a new one each time.
func (c *seriesCount) counted() (now, forecast uint64) {
	fresh := 0
	for key, span := range c.seen {
		if span.lastMs <= c.endMs-hourMs {
			delete(c.seen, key)
			continue
		}
		if span.firstMs > c.beganMs+settledMs && span.firstMs > c.endMs-hourMs {
			fresh++
		}
	}
	now = uint64(len(c.seen))
	observed := c.endMs - c.beganMs - settledMs
	if fresh == 0 || observed >= hourMs {
		return now, now
	}
	rate := float64(fresh) / float64(max(observed, steadyMs))
	return now, now + uint64(rate*float64(hourMs-observed))
}
