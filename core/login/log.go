package login

import (
	"context"
	"errors"
	"log/slog"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Classify says in a word how a login failed, for log and metrics, and which of auth.Kinds the frontend is told.
// What is not of that set failed on our side of the line, such as a backend that did not open.
func Classify(err error) (result string, kind error) {
	switch {
	case errors.Is(err, ErrShutdown):
		return "shutdown", auth.ErrUnavailable
	case errors.Is(err, errBannedLogin):
		return "banned", auth.ErrDenied
	case errors.Is(err, errBannedUser):
		return "user_banned", auth.ErrDenied
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
	case errors.Is(err, auth.ErrUnknownUser): // before ErrMethod: of a chain, one member may say this and another that
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

// log writes the line of a failed login. Its form is fixed, for fail2ban and its like: what a client chose comes after its
// address, in quotes where that is needed, so that nobody can write another's address in its place.
//
//	failregex = msg="login failed" service=\w+ remote=\[?<ADDR>\]?:\d+ method=\S+ reason=(?:denied|unknown_user|invalid|banned) user=
//
// That a proof is not offered, as of each key that an agent has, is no failure yet; and a login that is refused because its user is banned, user_banned, is none of its
// address, from where the user himself may have come.
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

// logBans writes the line of each ban, in a form that is fixed likewise. Whoever wants to shut an address out at the firewall as soon as the gateway does, looks for it.
//
//	failregex = msg="address banned" service=\w+ remote=\[?<ADDR>\]?:\d+ failures=
//
// The line of a user's ban names the address of the last of many failures, which need not have more to do with it than others.
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
