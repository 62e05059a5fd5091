// Package core contains the contracts and policies of filegate, without any protocol or product.
// The package itself has no code. This page describes the architecture, and imports_test.go
// enforces the import rules.
//
// # The flow
//
//	ssh client ─▶ frontends/ssh ─┬▶ frontends/sftp ─┐
//	                             ├▶ frontends/scp  ─┤
//	                             └▶ frontends/     ─┤             ┌▶ backends/swift ─▶ Swift
//	                                sshexec         │             │
//	ftp client ─▶ frontends/ftp ────────────────────┴▶ session ─▶ vfs
//	                   │                               (core)     └▶ backends/local ─▶ directory
//	                   ▼
//	              core/login ─▶ core/auth ⇄ gRPC ⇄ authplugins/{swiftv1,keystone,users,hook,yours}
//
// A frontend translates a protocol into calls of the contract in core/vfs. A session (core/session)
// belongs to one logged-in client: it has the client's identity, permissions and open files, and
// writes the log of its operations. A backend translates calls of the contract into requests to a
// storage. Nothing else knows two of the three.
//
// For a login, the frontend calls core/login, which asks the authenticators that the frontend's
// block names. The identity in the answer has a grant. With the grant the backend is opened, and
// the session is created around the opened store.
//
// # The rules
//
// Dependencies point inwards: frontends, backends, authplugins and cmd import core, and core
// imports none of them. Frontends and backends cannot name each other: a frontend works with
// sessions and with the contracts in core/vfs, core/auth and core/frontend, a backend with those in
// core/vfs, core/backend and core/cache. One package adapts each foreign library, except for
// golang.org/x/crypto/ssh, with which authplugins/users/userfile also reads keys. Built-in parts
// are in plain lists, frontends.All and backends.All. Nothing registers itself, and no package has
// state.
//
// A handle in a store lives as long as its context, and contexts end with the session: a client
// that disconnects or is kicked leaves nothing running. Nothing is visible in a store before
// Commit.
//
// All sessions of a login in a process share a file that is open for writing: they share its
// content, the last CLOSE commits, and rename and remove apply to it. Until then nobody else sees
// it: not other logins, other gateways or other clients of Swift, and not even the listings of
// other sessions of the login. So a listed name is a complete file, or an interrupted upload, which
// nobody can read; see core/session.
//
// # Where to find what
//
// README.md has the map of all packages. These are the files within the packages of core:
//
//	contract of storage, errors, path rules        core/vfs: fs.go, errors.go, path.go
//	reference store; test suite of stores          core/vfs/memfs; core/vfs/vfstest
//	questions and answers of a login; chains       core/auth; core/auth/chain.go
//	symbolic links: meaning; permitted targets     core/vfs/link.go; core/session/link.go
//	confinement to the home, permissions           core/session/access.go
//	files open for writing; their visibility       core/session/openfiles.go, openfile.go, listopen.go
//	limits of bytes of a session                   core/session/limits.go
//	the log line of each operation                 core/session/audit.go
//	audit log: records; their contents             core/audit; core/gateway/record.go
//	event hooks: queues, deliveries                core/hook
//	queries and actions of operators               core/admin; core/gateway/admin.go
//	the status page                                core/admin/page.go; core/admin/page
//	sessions and open files for operators          core/session/status.go; core/login/kick.go
//	renewal of tokens                              core/session/grants.go
//	a login from question to session; fail2ban     core/login/frontend.go; log.go
//	failed logins: duration, delays, bans          core/login/pace.go; bans.go
//	bans that operators set                        core/login/banlist.go
//	connections without a login                    core/login/connections.go (limits); penalties.go
//	limits of addresses, users and accounts        core/login/limiter.go
//	cached logins and their revalidation           core/login/lease.go; remember.go; shared.go; grantuse.go
//	start, check of a configuration                core/gateway/gateway.go
//	tests of services and ports (check -deep)      core/gateway/probe.go
//	reload; sockets that change owners             core/gateway/reload.go; core/frontend/sockets.go
//	upgrade: the sockets for a new process         core/gateway/handover.go; cmd/filegate/upgrade.go
//	shutdown: grace for transfers, second signal   core/gateway/drain.go
//	metrics                                        core/gateway/metrics.go, metrics_*.go
//	/healthz and /readyz                           core/admin/server.go; core/gateway/admin.go
//	log output                                     core/gateway/log.go, auditoutput.go, syslog.go
package core
