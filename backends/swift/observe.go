package swift

import (
	"context"
	"net/http"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// observe is called after each request. It notes the changes that the request has made, or may have
// made, and what its answer shows.
func (f *FS) observe(ctx context.Context, req api.Request, began time.Time, resp *api.Response, err error) {
	target, changes := listing.ChangedBy(req, f.client.Account)
	if !changes {
		if target.IsContainer() && req.Method != http.MethodPost && err == nil {
			f.containers.Saw(ctx, target, resp.Header)
		}
		return
	}
	f.backend.changes.changed(f.client.Whole(target))
	if target.IsAccount() || target.IsObject() && api.IsUnlogged(target) {
		return
	}
	if err == nil && req.Method != http.MethodDelete {
		f.sawIn(target, f.lastGone())
	}
	if target.IsContainer() {
		f.forgetPolicy(ctx, target)
		f.forgetVersioning(ctx, target)
		f.containers.Forget(target)
		f.forgetContainerAttrs(ctx, target)
	}
	if err == nil {
		f.keepStored(ctx, req, target, resp)
	}
	f.lists.Record(ctx, req, began, resp, err)
}
