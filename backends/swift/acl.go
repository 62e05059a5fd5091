package swift

import (
	"context"
	"net/http"
	"strings"

	"filegate/backends/swift/api"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// ACL implements [vfs.ACLFS] for containers. Swift shows access lists only to the owner of a
// container.
func (f *FS) ACL(ctx context.Context, p vfs.Path) (vfs.ACL, error) {
	n, err := f.locateContainer(p)
	if err != nil {
		return vfs.ACL{}, err
	}
	resp, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n})
	if err != nil {
		return vfs.ACL{}, api.Translate(err)
	}
	if resp.Header.Get(object.ReadACL) == "" && resp.Header.Get(object.WriteACL) == "" && n.Account != "" {
		return vfs.ACL{}, vfs.Errorf(vfs.ErrPermission, "the owner of a container alone is shown who is let into it")
	}
	return vfs.ACL{Read: splitACL(resp.Header.Get(object.ReadACL)), Write: splitACL(resp.Header.Get(object.WriteACL))}, nil
}

// SetACL implements [vfs.ACLFS]. The container for segments gets the same access lists, because a
// user that reads a large file reads its segments.
func (f *FS) SetACL(ctx context.Context, p vfs.Path, acl vfs.ACL) error {
	n, err := f.locateContainer(p)
	if err != nil {
		return err
	}
	header := map[string]string{}
	for key, list := range map[string][]string{object.ReadACL: acl.Read, object.WriteACL: acl.Write} {
		if list == nil {
			continue
		}
		for _, one := range list {
			if strings.ContainsAny(one, ",\r\n") || strings.TrimSpace(one) == "" {
				return vfs.Errorf(vfs.ErrInvalid, "%q is nobody's name in an access list", one)
			}
		}
		header[key] = strings.Join(list, ",")
	}
	if len(header) == 0 {
		return nil
	}
	if _, err = f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: n, Header: header}); err != nil {
		if api.StatusOf(err) == http.StatusBadRequest {
			return &vfs.Error{Kind: vfs.ErrInvalid, Text: "Swift does not take this access list: names are account:user, account:*, .r:* or .rlistings, as its authentication has them", Err: err}
		}
		return api.Translate(err)
	}
	_, err = f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: n.SegmentsContainer(), Header: header})
	if api.StatusOf(err) == http.StatusNotFound {
		err = nil // it gets the lists when it is created
	}
	f.forgetContainerAttrs(ctx, n)
	return api.Translate(err)
}

func (f *FS) locateContainer(p vfs.Path) (api.Name, error) {
	n, err := f.locate(p)
	if err == nil && !n.IsContainer() {
		err = vfs.Errorf(vfs.ErrUnsupported, "only a container has an access list: name a directory of the top level")
	}
	return n, err
}

func splitACL(list string) []string {
	all := []string{}
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}
