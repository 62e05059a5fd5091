package login

import (
	"context"
	"errors"
	"log/slog"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Classify returns the result of a failed login as a word for log and metrics, and the error of
// auth.Kinds that the frontend gets. Any other error, such as a backend that did not open, becomes
// auth.ErrUnavailable.
func Classify(err error) (result string, kind error) {
	switch {
	case errors.Is(err, ErrShutdown):
		return "shutdown", auth.ErrUnavailable
	case errors.Is(err, errBannedLogin):
		return "banned", auth.ErrDenied
	case errors.Is(err, errBannedUser):
		return "user_banned", auth.ErrDenied
	case errors.Is(err, errRefused):
		return "refused", auth.ErrDenied
	case errors.Is(err, errSessions):
		return "too_many_sessions", auth.ErrUnavailable
	case errors.Is(err, errLogins):
		return "too_many_logins", auth.ErrUnavailable
	case errors.Is(err, auth.ErrUnavailable):
		return "unavailable", auth.ErrUnavailable
	case errors.Is(err, auth.ErrDenied):
		return "denied", auth.ErrDenied
	case errors.Is(err, auth.ErrInvalid):
		return "invalid", auth.ErrInvalid
	// Before ErrMethod: the members of a chain may fail differently.
	case errors.Is(err, auth.ErrUnknownUser):
		return "unknown_user", auth.ErrUnknownUser
	case errors.Is(err, auth.ErrMethod):
		return "method", auth.ErrMethod
	case errors.Is(err, context.Canceled):
		return "abandoned", auth.ErrUnavailable
	case errors.Is(err, vfs.ErrPermission):
		return "denied", auth.ErrDenied
	}
	return "unavailable", auth.ErrUnavailable
}

// log writes the line of a failed login. The format is stable, for fail2ban and similar programs.
// Text that a client has chosen comes after its address, quoted if necessary, so that a client
// cannot forge another address.
//
//	failregex = msg="login failed" service=\w+ remote=\[?<ADDR>\]?:\d+ method=\S+ reason=(?:denied|unknown_user|invalid|banned) user=
//
// A key that the authenticator does not accept is not yet a failure, because an agent offers one
// after the other (reason=method). A login that is refused because its user is banned
// (reason=user_banned) says nothing about the address: it may be the user. A login that a hook
// refuses (reason=refused) has a valid proof.
func (l *Frontend) log(req auth.Request, reason string, err error) {
	level := slog.LevelWarn
	switch reason {
	case "method", "abandoned":
		level = slog.LevelDebug
	}
	if req.Asks() {
		level = slog.LevelDebug
	}
	l.d.log.Log(context.Background(), level, "login failed",
		"service", req.Service, "remote", req.Remote, "method", req.Method, "reason", reason,
		"user", req.User, "session", req.SessionID, "err", vfs.EscapeControl(err.Error()))
}

// logBans writes the line of each ban. The format is stable too: a program can block an address at
// the firewall as soon as the gateway bans it.
//
//	failregex = msg="address banned" service=\w+ remote=\[?<ADDR>\]?:\d+ failures=
//
// The line of a banned user has the address of the last of many failures. The other failures may
// have come from other addresses.
//
//	failregex = msg="user banned" service=\w+ remote=\[?<ADDR>\]?:\d+ failures=
func (l *Frontend) logBans(req auth.Request, b begunBans) {
	log := l.d.log.With("service", req.Service, "remote", req.Remote)
	dur := l.d.cfg().Ban.Duration
	if b.address > 0 {
		l.d.observer.Ban("address")
		log.Warn("address banned", "failures", b.address, "dur", dur, "session", req.SessionID)
	}
	if b.user > 0 {
		l.d.observer.Ban("user")
		log.Warn("user banned", "failures", b.user, "dur", dur, "session", req.SessionID, "user", req.User)
	}
}
