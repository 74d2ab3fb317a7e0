// Package push sends stored windows to a Pyroscope server.
package push

import (
	"errors"

	"pyrometer.dev/remote-agent/internal/target"
)

// ErrBadSettings is wrapped by errors of Set that the user can mend.
var ErrBadSettings = errors.New("bad push settings")

// Settings say where windows go.
type Settings struct {
	// URL of the server, for example http://pyroscope:4040; empty: nothing is pushed.
	URL string
	// Headers are sent with every request. They may hold secrets and are never written to disk.
	Headers []Header
	// Labels are added to every series; they replace labels of the same name.
	Labels []target.Label
}

// Header of HTTP.
type Header struct{ Name, Value string }
