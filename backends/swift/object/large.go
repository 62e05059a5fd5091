package object

import (
	"log/slog"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// Large is the large objects of a login: where their bytes lie, and which segments are theirs.
type Large struct {
	client     *api.Client
	log        *slog.Logger
	lists      *listing.View
	containers *Containers
	writing    *Writing
}

// NewLarge returns the large objects of the login that the containers are of.
func NewLarge(c *Containers, lists *listing.View) *Large {
	return &Large{client: c.client, log: c.log, lists: lists, containers: c, writing: c.writing}
}
