package push

import "time"

const (
	// pacedBytes a second are sent at most, of profiles before they are packed: half of what a server takes of a tenant by
	// default (4 MB, with bursts of 2), so that what waited during an outage does not crowd out what others send.
	pacedBytes = 2 << 20
	// leastPacedBytes a second are sent to a server that takes less, if it takes them.
	leastPacedBytes = 64 << 10
	// pacedStep is what the rate regains with each profile that is taken: slowly, for each attempt at too much costs a back-off.
	pacedStep = pacedBytes / 256
)

// pace says how long to wait before sending. Live windows are far below it. A tenant's rate is known to the server alone and
// shared by all who push to it: the rate is halved when it says that it was too much, and regained by and by.
type pace struct {
	room, rate float64
	last       time.Time
}

// after takes note of bytes that are to be sent now. Half a second's worth may be sent at once.
func (p *pace) after(now time.Time, bytes int) time.Duration {
	if p.last.IsZero() {
		p.rate = pacedBytes
		p.room = p.rate / 2
	} else {
		p.room = min(p.rate/2, p.room+now.Sub(p.last).Seconds()*p.rate)
	}
	p.last = now
	p.room -= float64(bytes)
	if p.room >= 0 {
		return 0
	}
	return time.Duration(-p.room / p.rate * float64(time.Second))
}

// taken follows a profile that the server took.
func (p *pace) taken() { p.rate = min(pacedBytes, p.rate+pacedStep) }

// tooMuch follows one that was too much for the server's rate.
func (p *pace) tooMuch() { p.rate = max(leastPacedBytes, p.rate/2) }
