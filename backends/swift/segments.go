package swift

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"filegate/core/vfs"
)

// Others to whom a container is open can use its large files only if the container for segments is open to them too: Swift asks
// for the right to read each segment. So that container is made with the storage policy and the rights of the files' own, and
// follows its rights from then on, whenever an answer of Swift's to the owner shows them. Nobody but the owner sees rights, or may
// change them.

// rights are the ACLs of a container: both empty to everybody but the owner.
type rights struct{ read, write string }

const (
	readACL  = "X-Container-Read"
	writeACL = "X-Container-Write"
)

func rightsOf(container http.Header) rights {
	return rights{read: container.Get(readACL), write: container.Get(writeACL)}
}

// header returns the headers that give a container these rights, and no others.
func (r rights) header() map[string]string {
	return map[string]string{readACL: r.read, writeACL: r.write}
}

const (
	// followFor is how long a container for segments that was seen to have the rights of the files' own is taken to have them.
	followFor = 5 * time.Minute
	// maxKnownContainers is how many containers a session remembers.
	maxKnownContainers = 1000
)

// knownContainers is what answers have shown a session of containers.
type knownContainers struct {
	mu  sync.Mutex
	all map[name]knownContainer
}

type knownContainer struct {
	rights
	limited  bool      // it has a quota
	followed time.Time // the container for segments was given the rights, or seen to have them
}

func (k *knownContainers) get(n name) knownContainer {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[n]
}

// change lets change see and set what is known of a container.
func (k *knownContainers) change(n name, change func(*knownContainer)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.all[n]; !ok && (k.all == nil || len(k.all) >= maxKnownContainers) {
		k.all = map[name]knownContainer{}
	}
	known := k.all[n]
	change(&known)
	k.all[n] = known
}

func (k *knownContainers) forget(n name) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, n)
}

// sawContainer takes note of the headers of a container, whatever they were asked for. Rights that are new to the session are
// given to the container for segments.
func (f *FS) sawContainer(ctx context.Context, n name, h http.Header) {
	if isSegments(n.container) {
		return
	}
	seen := rightsOf(h)
	open := seen != rights{}
	behind := false
	f.containers.change(n, func(k *knownContainer) {
		// Where the session has seen no rights, none are nothing new.
		behind = seen != k.rights || open && time.Since(k.followed) > followFor
		k.rights, k.limited = seen, h.Get(quotaHeader) != ""
		if behind {
			k.followed = time.Now()
		}
	})
	if behind {
		f.follow(ctx, n, seen)
	}
}

// follow gives the container for segments of n's files the rights, unless it has them. That it cannot is for the log.
func (f *FS) follow(ctx context.Context, n name, r rights) {
	segments := n.segments()
	resp, err := f.client.send(ctx, request{method: http.MethodHead, target: segments, patience: -1, anyPolicy: true})
	switch {
	case status(err) == http.StatusNotFound, status(err) == http.StatusForbidden: // it will be made with them, or the login is no owner
		return
	case err == nil && rightsOf(resp.header) == r:
		return
	case err == nil:
		_, err = f.client.send(ctx, request{method: http.MethodPost, target: segments, header: r.header(), patience: -1, anyPolicy: true})
	}
	if err != nil {
		f.log.Warn("the container for segments does not get the rights of the files' own", "container", segments.String(), "err", err)
		return
	}
	f.log.Info("the container for segments has the rights of the files' own now", "container", segments.String())
}

// meet looks at the container of a large file that is being uploaded: so the container for segments follows it. It returns the
// container's space, of which nothing is known where it cannot be looked at.
func (f *FS) meet(ctx context.Context, n name) vfs.Space {
	space, err := f.containerSpace(ctx, n)
	if err != nil {
		f.log.Debug("container not looked at", "container", n.top().String(), "err", err)
		return noSpace
	}
	follow := false
	var r rights
	f.containers.change(n.top(), func(k *knownContainer) {
		if follow, r = time.Since(k.followed) > followFor, k.rights; follow {
			k.followed = time.Now()
		}
	})
	if follow {
		f.follow(ctx, n, r)
	}
	return space
}

// makeSegmentsContainer makes the container for the segments of n's files, with the rights and the storage policy of the files' own. A user who may
// write objects but make no containers is told so.
func (f *FS) makeSegmentsContainer(ctx context.Context, n name) error {
	segments := n.segments()
	var header map[string]string
	resp, err := f.client.send(ctx, request{method: http.MethodHead, target: n.top()})
	switch {
	case status(err) == http.StatusForbidden: // and so will the PUT be, but that tells why
	case err != nil:
		return err
	default:
		header = rightsOf(resp.header).header()
		if policy := resp.header.Get("X-Storage-Policy"); policy != "" {
			header["X-Storage-Policy"] = policy
		}
	}
	_, err = f.client.send(ctx, request{method: http.MethodPut, target: segments, header: header})
	if status(err) == http.StatusBadRequest && header["X-Storage-Policy"] != "" { // there are no new containers of that policy any more
		delete(header, "X-Storage-Policy")
		_, err = f.client.send(ctx, request{method: http.MethodPut, target: segments, header: header})
	}
	switch status(err) {
	case http.StatusForbidden:
		return refusedAs(err, vfs.ErrPermission, fmt.Sprintf("large files need the container %q, which this login may not make: %s", segments.container, openSegments(n)))
	case http.StatusConflict: // somebody else has made it meanwhile, with another policy
		return nil
	}
	return err
}

// openSegments tells what has to be done so that others may use the large files of n's container.
func openSegments(n name) string {
	return fmt.Sprintf("ask the owner of %q to run \"swift post %s -r READ -w WRITE\", with the Read ACL and the Write ACL that \"swift stat %s\" shows",
		n.container, n.segments().container, n.container)
}
