package object

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// Others to whom a container is open can use its large files only if the container for segments is
// open to them too: Swift asks for the right to read each segment. So that container is made with
// the storage policy and the rights of the files' own, and follows its rights from then on,
// whenever an answer of Swift's to the owner shows them. Nobody but the owner sees rights, or may
// change them.

// rights are the ACLs of a container: both empty to everybody but the owner.
type rights struct{ read, write string }

// The headers of a container's rights.
const (
	ReadACL  = "X-Container-Read"
	WriteACL = "X-Container-Write"
)

func rightsOf(container http.Header) rights {
	return rights{read: container.Get(ReadACL), write: container.Get(WriteACL)}
}

// header returns the headers that give a container these rights, and no others.
func (r rights) header() map[string]string {
	return map[string]string{ReadACL: r.read, WriteACL: r.write}
}

const (
	// followFor is how long a container for segments that was seen to have the rights of the files'
	// own is taken to have them.
	followFor = 5 * time.Minute
	// maxKnownContainers is how many containers a session remembers.
	maxKnownContainers = 1000
)

// knownContainers is what answers have shown a session of containers.
type knownContainers struct {
	mu  sync.Mutex
	all map[api.Name]knownContainer
}

type knownContainer struct {
	rights
	limited  bool      // it has a quota
	followed time.Time // the container for segments was given the rights, or seen to have them
}

func (k *knownContainers) get(n api.Name) knownContainer {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[n]
}

// change lets change see and set what is known of a container.
func (k *knownContainers) change(n api.Name, change func(*knownContainer)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.all[n]; !ok && (k.all == nil || len(k.all) >= maxKnownContainers) {
		k.all = map[api.Name]knownContainer{}
	}
	known := k.all[n]
	change(&known)
	k.all[n] = known
}

func (k *knownContainers) forget(n api.Name) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, n)
}

// Saw takes note of the headers of a container, whatever they were asked for. Rights that
// are new to the session are given to the container for segments.
func (c *Containers) Saw(ctx context.Context, n api.Name, h http.Header) {
	if api.IsSegments(n.Container) {
		return
	}
	seen := rightsOf(h)
	open := seen != rights{}
	behind := false
	c.known.change(n, func(k *knownContainer) {
		// Where the session has seen no rights, none are nothing new.
		behind = seen != k.rights || open && time.Since(k.followed) > c.FollowFor
		k.rights, k.limited = seen, h.Get(quotaHeader) != ""
		if behind {
			k.followed = time.Now()
		}
	})
	if behind {
		c.follow(ctx, n, seen)
	}
}

// follow gives the container for segments of n's files the rights, unless it has them. That it
// cannot is for the log.
func (c *Containers) follow(ctx context.Context, n api.Name, r rights) {
	segments := n.SegmentsContainer()
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: segments, Patience: -1, AnyPolicy: true})
	switch {
	case api.StatusOf(err) == http.StatusNotFound, api.StatusOf(err) == http.StatusForbidden: // it will be made with them, or the login is no owner
		return
	case err == nil && rightsOf(resp.Header) == r:
		return
	case err == nil:
		_, err = c.client.Send(ctx, api.Request{Method: http.MethodPost, Target: segments, Header: r.header(), Patience: -1, AnyPolicy: true})
	}
	if err != nil {
		c.log.Warn("the container for segments does not get the rights of the files' own", "container", segments.String(), "err", err)
		return
	}
	c.log.Info("the container for segments has the rights of the files' own now", "container", segments.String())
}

// meet looks at the container of a large file that is being uploaded: so the container for segments
// follows it. It returns the container's space, of which nothing is known where it cannot be looked
// at.
func (c *Containers) meet(ctx context.Context, n api.Name) vfs.Space {
	space, err := c.containerSpace(ctx, n)
	if err != nil {
		c.log.Debug("container not looked at", "container", n.Top().String(), "err", err)
		return noSpace
	}
	follow := false
	var r rights
	c.known.change(n.Top(), func(k *knownContainer) {
		if follow, r = time.Since(k.followed) > c.FollowFor, k.rights; follow {
			k.followed = time.Now()
		}
	})
	if follow {
		c.follow(ctx, n, r)
	}
	return space
}

// makeForSegments makes the container for the segments of n's files, with the rights and the
// storage policy of the files' own. A user who may write objects but make no containers is told so.
func (c *Containers) makeForSegments(ctx context.Context, n api.Name) error {
	segments := n.SegmentsContainer()
	var header map[string]string
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n.Top()})
	switch {
	case api.StatusOf(err) == http.StatusForbidden: // and so will the PUT be, but that tells why
	case err != nil:
		return err
	default:
		header = rightsOf(resp.Header).header()
		if policy := resp.Header.Get("X-Storage-Policy"); policy != "" {
			header["X-Storage-Policy"] = policy
		}
	}
	_, err = c.client.Send(ctx, api.Request{Method: http.MethodPut, Target: segments, Header: header})
	if api.StatusOf(err) == http.StatusBadRequest && header["X-Storage-Policy"] != "" { // there are no new containers of that policy any more
		delete(header, "X-Storage-Policy")
		_, err = c.client.Send(ctx, api.Request{Method: http.MethodPut, Target: segments, Header: header})
	}
	switch api.StatusOf(err) {
	case http.StatusForbidden:
		return api.RefusedAs(err, vfs.ErrPermission, fmt.Sprintf("large files need the container %q, which this login may not make: %s", segments.Container, api.OpenSegments(n)))
	case http.StatusConflict: // somebody else has made it meanwhile, with another policy
		return nil
	}
	return err
}
