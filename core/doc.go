// Package core is the middle of filegate: contracts and policy, without any protocol or product. It
// has no code of its own; this page is the architecture, and imports_test.go holds everybody to it.
//
// # The flow
//
//	ssh client ─▶ frontends/ssh ─┬▶ frontends/sftp ─┐
//	                             └▶ frontends/scp  ─┤                       ┌▶ backends/swift ─▶ Swift
//	ftp client ─────────────────▶ frontends/ftp  ───┴▶ core/session ─▶ vfs ─┤
//	                                   │                                    └▶ backends/local (a directory)
//	                                   ▼
//	                              core/login ─▶ core/auth ⇄ gRPC ⇄ authplugins/{swiftv1, keystone, users, hook, yours}
//
// A frontend turns bytes of a protocol into calls of the contract, core/vfs. A session is one
// logged-in client: its context, identity, permissions, open files and audit. A backend turns calls
// of the contract into storage. Nothing else knows two of the three.
//
// A login goes from the frontend to core/login, which asks the authenticators that the frontend's
// block names. The identity that comes back carries a grant; with it the backend is opened, and a
// session put around what it opens.
//
// # The rules
//
// Dependencies point inwards: frontends, backends, authplugins and cmd import core, and core
// imports none of them. A frontend sees only a session, a backend only core/vfs and core/backend,
// so neither can name the other. One package adapts each foreign library. Parts that are built in
// stand in ordinary lists, frontends.All and backends.All; nothing registers itself, and no package
// has state.
//
// A handle opened in a store lives as long as its context, and contexts end with the session:
// whoever hangs up, or is thrown out, leaves nothing running. Nothing is visible in a store before
// Commit.
//
// A file that is open for writing is one thing for all sessions of a login in a process: they share
// its content, the last CLOSE commits, rename and remove act on it. Until then nobody else sees it:
// not other logins, other gateways and Swift's own clients, and in listings not even other sessions
// of the login. So a name that is listed is a whole file, or an upload that was cut off, which
// nobody can read; see core/session.
//
// # Where to find what
//
//	the contract of storage, its errors and path rules   core/vfs, core/vfs/errors.go, core/vfs/path.go
//	the same, made executable; its suite                 core/vfs/memfs; core/vfs/vfstest
//	what a login asks and answers; asking several        core/auth; core/auth/chain.go
//	symbolic links: what they mean; where they may lead  core/vfs/link.go; core/session/link.go
//	confinement to the home directory, permissions       core/session; access.go
//	files that are open for writing; who sees them       core/session/openfiles.go, openfile.go; listopen.go
//	bytes per second and in all                          core/session/limits.go
//	one log line for each operation                      core/session/audit.go
//	the audit log: its records; what goes into one       core/audit; core/gateway/record.go
//	what operators ask a running gateway, and who may     core/admin; core/gateway/admin.go
//	the status page                                      core/admin/page.go, and the files in core/admin/page
//	sessions and their open files, as operators see them core/session/status.go; core/login/kick.go, banlist.go
//	renewing a token that ends                           core/session/grants.go
//	caches, of a process and shared by gateways          core/cache, core/cache/memcached; suite core/cache/cachetest
//	options of a file, types, units, messages            core/config
//	starting everything, checking a configuration        core/gateway/gateway.go
//	a login from question to session, fail2ban's line    core/login/frontend.go; log.go
//	logins that fail: their time, delays, bans           core/login/pace.go; bans.go; connections.go
//	logins that are remembered, and checked again        core/login/lease.go; remember.go; shared.go; stake.go
//	another configuration while clients are served       core/gateway/reload.go; sockets that change hands: core/frontend/sockets.go
//	the end: grace for transfers, second signal          core/gateway/drain.go
//	metrics; /healthz and /readyz; log output            core/gateway/metrics.go; admin.go; log.go
//	SSH handshake, host keys, algorithms, keepalive      frontends/ssh
//	SFTP requests; the scp protocol; FTP and FTPS        frontends/sftp; frontends/scp; frontends/ftp
//	which error is which code of a protocol              errors.go in each of frontends/*
//	what a directory is in Swift, large objects          backends/swift
//	a Swift to test against                              backends/swift/swifttest
//	authenticators: writing one, running one             authplugins, authplugins/authplugin
//	what every authenticator does                        authplugins/conformance
//	auth 1.0; Keystone                                   authplugins/swiftv1; authplugins/keystone
//	users in a file; the file                            authplugins/users; authplugins/users/userfile
//	a program or a web address of the operator's         authplugins/hook
//	commands, exit codes, the demo                       cmd/filegate
//	figures, beside those of other servers               cmd/filegate-bench
//	stories from a user's point of view                  cmd/filegate/testdata/script
package core
