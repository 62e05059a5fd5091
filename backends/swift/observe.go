package swift

import (
	"context"
	"net/http"
	"time"

	"filegate/backends/swift/api"
)

// observe is called after each request. It notes what the request has changed, or may have, and
// what its answer shows.
func (f *FS) observe(ctx context.Context, req api.Request, began time.Time, resp *api.Response, err error) {
	target := req.Target
	switch req.Method {
	case http.MethodPut, http.MethodDelete:
	case http.MethodPost:
		if !target.IsObject() {
			return
		}
	case api.MethodCopy:
		target = api.CopyTarget(req, f.client.Account)
	default:
		if target.IsContainer() && err == nil {
			f.sawContainer(ctx, target, resp.Header)
		}
		return
	}
	f.backend.changes.changed(f.whole(target))
	if target.IsAccount() || target.IsObject() && api.IsUnlogged(target) {
		return
	}
	if err == nil && req.Method != http.MethodDelete {
		f.sawIn(target, f.lastGone())
	}
	if target.IsContainer() {
		f.forgetPolicy(ctx, target)
		f.forgetVersioning(ctx, target)
		f.containers.forget(target)
		f.forgetContainerAttrs(ctx, target)
	}
	f.view.record(ctx, req, began, resp, err)
}
