package object

import (
	"log/slog"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// Large finds the segments of the large objects of a login.
type Large struct {
	client     *api.Client
	log        *slog.Logger
	lists      *listing.View
	containers *Containers
	writing    *Writing
}

// NewLarge returns the large objects of the login of c.
func NewLarge(c *Containers, lists *listing.View) *Large {
	return &Large{client: c.client, log: c.log, lists: lists, containers: c, writing: c.writing}
}
