package hook

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"

	"filegate/core/audit"
)

// The errors of Ask.
var (
	ErrRefused = errors.New("a hook refuses it")
	ErrFailed  = errors.New("a hook cannot be asked")
	ErrBusy    = fmt.Errorf("%w: too many actions wait for it", ErrFailed)
)

// Ask asks the hooks that decide on this action before it happens. The record describes the action.
// The error wraps ErrRefused, ErrFailed, or ErrBusy if the question has waited in vain for a place.
func (h *Hooks) Ask(ctx context.Context, r audit.Record) error {
	if h == nil {
		return nil
	}
	asked := h.deciding(r.Event)
	slices.SortFunc(asked, func(a, b *hook) int { return strings.Compare(a.config.Name, b.config.Name) })
	for _, k := range asked {
		if err := h.ask(ctx, k, r); err != nil {
			return err
		}
	}
	return nil
}

// Asks reports whether a hook decides on actions of this kind.
func (h *Hooks) Asks(event string) bool { return h != nil && len(h.deciding(event)) > 0 }

// deciding returns the hooks that decide on actions of this kind.
func (h *Hooks) deciding(event string) (all []*hook) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, k := range h.current {
		if k.config.Before && slices.Contains(k.config.Events, event) {
			all = append(all, k)
		}
	}
	return all
}

func (h *Hooks) ask(ctx context.Context, k *hook, r audit.Record) error {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, k.config.Timeout)
	defer cancel()
	leave, err := k.asking.take(ctx, r.User)
	if err != nil {
		if caller.Err() != nil {
			return fmt.Errorf("%w: %w", ErrFailed, caller.Err())
		}
		h.observer.Event(k.config.Name, "busy")
		k.busy.tell(func(count int) {
			h.log.Warn("actions are refused because too many wait for a hook", "hook", k.config.Name, "count", count, "user", r.User)
		})
		return ErrBusy
	}
	err = k.send(ctx, r.Event, rand.Text(), r.Line())
	leave()
	status, answered := errors.AsType[*answer](err)
	exit, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		h.observer.Event(k.config.Name, "allowed")
		return nil
	case answered && status.code == http.StatusForbidden, ended && exit.ExitCode() == 1:
		h.observer.Event(k.config.Name, "refused")
		return ErrRefused
	case caller.Err() != nil: // the client has gone: no failure of the hook
		return fmt.Errorf("%w: %w", ErrFailed, caller.Err())
	}
	h.observer.Event(k.config.Name, "failed")
	k.lost.tell(func(count int) {
		h.log.Warn("actions are refused because a hook cannot be asked", "hook", k.config.Name, "count", count, "err", err)
	})
	return ErrFailed
}
