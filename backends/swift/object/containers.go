package object

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"filegate/backends/swift/api"
)

// Containers is what a login knows and needs of containers where large files are: their quota, their
// rights, and the containers of their segments.
type Containers struct {
	client  *api.Client
	log     *slog.Logger
	writing *Writing
	known   knownContainers
	// FollowFor is how long a container for segments that was seen to have the rights of the files'
	// own is taken to have them.
	FollowFor time.Duration
}

// NewContainers returns what a login that has asked for nothing yet knows.
func NewContainers(client *api.Client, log *slog.Logger, w *Writing) *Containers {
	return &Containers{client: client, log: log, writing: w, FollowFor: followFor}
}

// Forget forgets a container, which may be another one from now on.
func (c *Containers) Forget(n api.Name) { c.known.forget(n) }

// ForgetAll forgets what answers have shown.
func (c *Containers) ForgetAll() {
	c.known.mu.Lock()
	defer c.known.mu.Unlock()
	c.known.all = nil
}

// DropSegments deletes the container of a container's segments when nothing is in it any
// more, and nothing was set for it that its container has not. A failure is for the log: the next
// one to empty it tries again.
func (c *Containers) DropSegments(ctx context.Context, of api.Name) {
	ctx = context.WithoutCancel(ctx)
	seg := of.SegmentsContainer()
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: seg})
	if err == nil {
		if _, objects := api.ContainerUse(resp.Header); objects > 0 {
			return
		}
		var own bool
		if own, err = c.hasSettings(ctx, of, resp.Header); err == nil && !own {
			_, err = c.client.Send(ctx, api.Request{Method: http.MethodDelete, Target: seg})
		}
	}
	switch api.StatusOf(err) {
	case http.StatusNotFound, http.StatusForbidden, http.StatusConflict:
		err = nil // there is none, or not this login's, or something is in it
	}
	if err != nil {
		c.log.Warn("empty container of segments not deleted", "container", seg.String(), "err", err)
	}
}

// hasSettings reports whether a container of segments has rights, a quota or metadata that the
// container has not whose segments it holds. The error is not translated.
func (c *Containers) hasSettings(ctx context.Context, of api.Name, segments http.Header) (bool, error) {
	settings := api.ContainerSettings(segments)
	delete(settings, "X-Storage-Policy")
	if len(settings) == 0 {
		return false, nil
	}
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: of.Top()})
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		return false, nil // nobody has a use for them without it
	case err != nil:
		return false, err
	}
	for key, value := range settings {
		if resp.Header.Get(key) != value {
			return true, nil
		}
	}
	return false, nil
}
