package swift

import (
	"log/slog"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// large is the large objects of a login: where their bytes lie, and which segments are theirs.
type large struct {
	client     *api.Client
	log        *slog.Logger
	lists      *listing.View
	containers *containers
	writing    *writing
}

func newLarge(c *containers, lists *listing.View) *large {
	return &large{client: c.client, log: c.log, lists: lists, containers: c, writing: c.writing}
}
