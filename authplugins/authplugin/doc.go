// Package authplugin runs authenticators as separate programs. It contains the SDK for authors of
// authenticators in Go, and the host side, with which the gateway starts, supervises and calls the
// programs. Only this package imports go-plugin and gRPC.
//
// An author fills in a [Kind] and passes it to [Serve]; the guide is in package authplugins. The
// gateway uses a [Launcher], which implements the contract of core/auth. It returns an ordinary
// auth.Authenticator, whose errors all wrap one of auth.Kinds. The protocol is authv1/auth.proto.
//
// The package does not check passwords, and does not cache logins. The suite for authenticators is
// authplugins/authtest. The tests of this package are about programs that end, hang, send wrong
// answers, or send too much.
//
// # Decisions
//
// A program keeps no passwords. The data that a renewal needs (for auth 1.0 the user and the key)
// is in the grant. The program seals it ([Sealer]) with a key that the host passes to Configure,
// and that depends on the operator's name for the authenticator, so that one authenticator cannot
// open the renewals of another. Unless gateways share a secret, the host makes the key at random
// and keeps it only in memory. So the host holds data that it cannot use without the program, which
// it trusts with logins anyway; nothing is on disk; and a killed program can renew for running
// sessions as soon as it is started again. The alternative was a table of sessions in the program,
// which would be lost with it.
//
// A renewal that was interrupted by the end of the program is repeated. A login is not, because
// some proofs, such as a one-time code, can be used only once.
//
// The host runs the process itself, by go-plugin's RunnerFunc, instead of by its exec.Cmd. With
// exec.Cmd, go-plugin passes on its own standard input, kills one process instead of the process
// group, connects to any address that the program names, waits forever while a grandchild holds
// standard error, and does not report how a program ended. Its SecureConfig works only with
// exec.Cmd, so the checksum is computed here. As with SecureConfig, the file is then run by its
// path: a checksum protects against a wrong file, not against a user who may write to the
// directory.
//
// go-plugin panics at certain lines on a program's standard error if its logger is on. So its
// logger is off, and the lines go to slog directly, escaped and limited in length and rate.
//
// Both sides of the protocol are in one package, with a file for each subject, because they must
// agree on every message.
package authplugin
