// Package authplugin runs authenticators as programs of their own: it is the SDK for those who write one in Go, and the
// host side with which the gateway starts, watches and asks them. It alone knows go-plugin and gRPC.
//
// An author fills in a [Kind] and gives it to [Serve]; package authplugins is the guide. The gateway uses a [Launcher],
// which implements the contract of core/auth: what comes back is an ordinary auth.Authenticator whose errors are all of
// the set auth.Kinds. What is spoken in between is authv1/auth.proto.
//
// The package does not know any way to check a password, and does not cache logins. The suite for an
// authenticator is authplugins/authtest; the tests here are about programs that die, hang, lie and flood.
//
// # Decisions
//
// A program keeps no password. What a renewal needs (for auth 1.0 the user and the key) travels in the
// grant, sealed by the program ([Sealer]) with a key that the host made at random for its own life and hands over at Configure.
// So the host holds what it cannot use without the program that it trusts with logins anyway, nothing is on disk, and a
// program that was killed renews for running sessions as soon as it is up again. The alternative, a table of
// sessions in the program, would lose them all with it. The key depends on the operator's name for the authenticator, so one cannot open another's.
//
// A renewal that was cut off by the program's death is asked once more, a login is not: some proofs, such as a one-time
// code, may be used only once.
//
// The host runs the process itself, with go-plugin's RunnerFunc, rather than with its exec.Cmd: go-plugin hands its own
// standard input on, kills one process instead of the group, connects to any address that the
// program names, waits for ever while a grandchild holds standard error, and does not say how a program ended.
// Its SecureConfig works only with exec.Cmd, so the checksum is taken here.
// As with SecureConfig the file is run by its path after that: a checksum protects from a wrong file, not from
// somebody who may write to the directory.
//
// go-plugin panics over certain lines on a program's standard error if its logger is on. Here it is off; lines go to slog as they are, bounded and escaped.
package authplugin
