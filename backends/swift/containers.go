package swift

import (
	"log/slog"
	"time"

	"filegate/backends/swift/api"
)

// containers is what a login knows and needs of containers where large files are: their quota, their
// rights, and the containers of their segments.
type containers struct {
	client  *api.Client
	log     *slog.Logger
	writing *writing
	known   knownContainers
	// followFor is how long a container for segments that was seen to have the rights of the files'
	// own is taken to have them.
	followFor time.Duration
}

func newContainers(client *api.Client, log *slog.Logger, w *writing) *containers {
	return &containers{client: client, log: log, writing: w, followFor: followFor}
}

// forget forgets a container, which may be another one from now on.
func (c *containers) forget(n api.Name) { c.known.forget(n) }

// forgetAll forgets what answers have shown.
func (c *containers) forgetAll() {
	c.known.mu.Lock()
	defer c.known.mu.Unlock()
	c.known.all = nil
}
