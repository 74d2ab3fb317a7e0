// Package pause waits.
package pause

import (
	"context"
	"time"
)

// For waits for a time; false when the context ended before.
func For(ctx context.Context, duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
