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

// Other users who have rights to a container can use its large files only if they have the same
// rights to the container for segments, because Swift checks the right to read each segment. So the
// container for segments is created with the storage policy and the rights of the files' container.
// Later, the rights are copied when an answer of Swift to the owner shows other rights than the
// last one, and checked again after FollowFor. Only the owner can see or change rights.

// rights are the ACLs of a container. Swift shows them only to the owner: for other users both are
// empty.
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
	// followFor is how long the rights of a container for segments are assumed to be right after
	// they were checked.
	followFor = 5 * time.Minute
	// maxKnownContainers is the largest number of containers that a session remembers.
	maxKnownContainers = 1000
)

// knownContainers caches facts about containers from Swift's answers.
type knownContainers struct {
	mu  sync.Mutex
	all map[api.Name]knownContainer
}

type knownContainer struct {
	rights
	limited  bool      // it has a quota
	followed time.Time // when the container for segments last got the rights, or was seen to have them
}

func (k *knownContainers) get(n api.Name) knownContainer {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[n]
}

// change calls the function to read and update the facts about a container.
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

// Saw evaluates the headers of a container in any answer. If the session has not seen these rights
// before, or has last checked them longer than FollowFor ago, they are copied to the container for
// segments.
func (c *Containers) Saw(ctx context.Context, n api.Name, h http.Header) {
	if api.IsSegments(n.Container) {
		return
	}
	seen := rightsOf(h)
	open := seen != rights{}
	behind := false
	c.known.change(n, func(k *knownContainer) {
		// A session that has seen no rights treats empty rights as known.
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

// follow copies the rights to the container for segments of n's files, unless it has them. An error
// is only logged.
func (c *Containers) follow(ctx context.Context, n api.Name, r rights) {
	segments := n.SegmentsContainer()
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: segments, Patience: -1, AnyPolicy: true})
	switch {
	// The container for segments does not exist, and will be created with the rights, or the login
	// is not the owner.
	case api.StatusOf(err) == http.StatusNotFound, api.StatusOf(err) == http.StatusForbidden:
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

// meet looks up the container of a large file that is being uploaded, so that its container for
// segments gets the rights. It returns the container's space, or noSpace if the container cannot be
// looked up.
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

// makeForSegments creates the container for segments of n's files, with the rights and the storage
// policy of the files' container. If the login may not create containers, the error explains how
// the owner can permit large files.
func (c *Containers) makeForSegments(ctx context.Context, n api.Name) error {
	segments := n.SegmentsContainer()
	var header map[string]string
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n.Top()})
	switch {
	case api.StatusOf(err) == http.StatusForbidden: // the PUT will be refused too, and its error has the reason
	case err != nil:
		return err
	default:
		header = rightsOf(resp.Header).header()
		if policy := resp.Header.Get("X-Storage-Policy"); policy != "" {
			header["X-Storage-Policy"] = policy
		}
	}
	_, err = c.client.Send(ctx, api.Request{Method: http.MethodPut, Target: segments, Header: header})
	// Swift no longer creates containers of this policy.
	if api.StatusOf(err) == http.StatusBadRequest && header["X-Storage-Policy"] != "" {
		delete(header, "X-Storage-Policy")
		_, err = c.client.Send(ctx, api.Request{Method: http.MethodPut, Target: segments, Header: header})
	}
	switch api.StatusOf(err) {
	case http.StatusForbidden:
		return api.RefusedAs(err, vfs.ErrPermission, fmt.Sprintf("large files need the container %q, which this login may not make: %s", segments.Container, api.OpenSegments(n)))
	case http.StatusConflict: // another client has created it meanwhile, with another policy
		return nil
	}
	return err
}
