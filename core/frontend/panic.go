package frontend

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Panicked returns the error that a panic is, which it logs with its stack; nil where there was
// none. A mistake in the work for one client must not end the process, and so the work for all. It
// is called with what recover returned, by a deferred function:
//
//	defer func() { frontend.Panicked(recover(), log) }()
func Panicked(recovered any, log *slog.Logger) error {
	if recovered == nil {
		return nil
	}
	log.Error("panic", "panic", recovered, "stack", string(debug.Stack()))
	return fmt.Errorf("panic: %v", recovered)
}
