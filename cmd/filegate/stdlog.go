package main

import (
	stdlog "log"
	"log/slog"
)

// takeStandardLog sends what libraries write to the standard logger to log, at debug level: net/http
// reports there each connection on which a storage has sent more than the answer. restore undoes it.
func takeStandardLog(log *slog.Logger) (restore func()) {
	flags, w := stdlog.Flags(), stdlog.Writer()
	to := slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	stdlog.SetFlags(0)
	stdlog.SetOutput(to.Writer())
	return func() {
		stdlog.SetFlags(flags)
		stdlog.SetOutput(w)
	}
}
