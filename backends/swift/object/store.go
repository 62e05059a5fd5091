package object

import (
	"log/slog"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
)

// Store reads the objects of one login. Its fields are not changed once it is in use.
type Store struct {
	Client    *api.Client
	Log       *slog.Logger
	Memory    buffers.Account // of the login's user
	ReadAhead int64           // how far a reader runs ahead of its client, in bytes
	Downloads int             // the most GETs that a reader makes at a time
}
