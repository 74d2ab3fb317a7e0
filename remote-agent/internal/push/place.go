package push

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// place is how far a server has come, kept in the store after each batch.
type place struct {
	Version int `json:"version"`
	// Done is the id of the last window that is done with.
	Done int64 `json:"done"`
	// TooOld and Refused count windows of the store that this server never got: they can be read from the store only.
	TooOld  uint64 `json:"too_old"`
	Refused uint64 `json:"refused"`
	// Aside are tried again. Agents before them leave them out.
	Aside []aside `json:"aside,omitempty"`
}

// placeVersion: before 1 a place was the decimal id alone.
const placeVersion = 1

func (p *Pusher) loadPlace(ctx context.Context) (at place, known bool, err error) {
	value, err := p.options.Store.Setting(ctx, cursorName+p.server.key())
	if err != nil || value == nil {
		return place{}, false, err
	}
	if id, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		return place{Version: placeVersion, Done: id}, true, nil
	}
	if json.Unmarshal(value, &at) != nil || at.Version != placeVersion {
		p.doubt = math.MaxInt32
		return place{}, false, nil // damaged, or of a newer agent: begin anew, and ask the server what it has
	}
	return at, true, nil
}

func (p *Pusher) savePlace(ctx context.Context, at place) error {
	at.Version = placeVersion
	encoded, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("encode place: %w", err)
	}
	return p.options.Store.SetSetting(ctx, cursorName+p.server.key(), encoded)
}
