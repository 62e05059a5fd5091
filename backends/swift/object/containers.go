package object

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"filegate/backends/swift/api"
)

// Containers caches what Swift has shown a login of the containers with large files: their quotas,
// their rights and their containers for segments.
type Containers struct {
	client  *api.Client
	log     *slog.Logger
	writing *Writing
	known   knownContainers
	// FollowFor is how long the rights of a container for segments are assumed to be right after
	// they were checked.
	FollowFor time.Duration
}

// NewContainers returns a Containers that knows nothing yet.
func NewContainers(client *api.Client, log *slog.Logger, w *Writing) *Containers {
	return &Containers{client: client, log: log, writing: w, FollowFor: followFor}
}

// Forget forgets a container. It is called when another container may have replaced it.
func (c *Containers) Forget(n api.Name) { c.known.forget(n) }

// ForgetAll forgets everything.
func (c *Containers) ForgetAll() {
	c.known.mu.Lock()
	defer c.known.mu.Unlock()
	c.known.all = nil
}

// DropSegments deletes the container for segments of a container, if it is empty and has no
// settings of its own. An error is only logged, because a later call will try again.
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
		err = nil // the container does not exist, or is not empty, or the login may not delete it
	}
	if err != nil {
		c.log.Warn("empty container of segments not deleted", "container", seg.String(), "err", err)
	}
}

// hasSettings reports whether a container for segments has rights, a quota or metadata that differ
// from those of its container. The error is not translated.
func (c *Containers) hasSettings(ctx context.Context, of api.Name, segments http.Header) (bool, error) {
	settings := api.ContainerSettings(segments)
	delete(settings, "X-Storage-Policy")
	if len(settings) == 0 {
		return false, nil
	}
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: of.Top()})
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		return false, nil // without the container, the settings are not needed
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
