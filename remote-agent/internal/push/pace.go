package push

import "time"

const (
	// pacedBytes a second are sent at most, of profiles before they are packed: half of what a server takes of a tenant by
	// default (4 MB, with bursts of 2), so that what waited during an outage does not crowd out what others send.
	pacedBytes = 2 << 20
	pacedBurst = 1 << 20
)

// pace says how long to wait before sending. Live windows are far below it.
type pace struct {
	room float64
	last time.Time
}

// after takes note of bytes that are to be sent now.
func (p *pace) after(now time.Time, bytes int) time.Duration {
	if p.last.IsZero() {
		p.room = pacedBurst
	} else {
		p.room = min(pacedBurst, p.room+now.Sub(p.last).Seconds()*pacedBytes)
	}
	p.last = now
	p.room -= float64(bytes)
	if p.room >= 0 {
		return 0
	}
	return time.Duration(-p.room / pacedBytes * float64(time.Second))
}
