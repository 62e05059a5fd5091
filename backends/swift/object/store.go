package object

import (
	"log/slog"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
)

// Store reads the objects of one login. Its fields must not be changed after the first use.
type Store struct {
	Client    *api.Client
	Log       *slog.Logger
	Memory    buffers.Account // of the login's user
	ReadAhead int64           // how far a reader reads ahead of its client, in bytes
	Downloads int             // largest number of parallel GETs of a reader
}
