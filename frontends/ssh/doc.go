// Package ssh is the frontend that SSH clients come in by: listener, handshake, login, and the
// channels of a connection.
//
// What a client does once it is in belongs to a [Service], such as the ones of frontends/sftp and
// frontends/scp. Neither knows this package, nor does this package know them: [Kind] is given the
// services that there are. There is no shell, no terminal and no forwarding.
//
// The suite for logins, faults and vanishing clients is frontends/frontendtest, run here over both
// services.
//
// # Decisions
//
// Ciphers. The client's order decides, and OpenSSH puts chacha20 first, which costs twice the CPU
// of AES-GCM where the CPU has instructions for that. The only lever of a server is to leave
// chacha20 out, and then a client that has no AES-GCM (by its age, or by its user's own list of
// ciphers) could not come in at all. So the server sends its identification, waits up to a second
// for the client's first packet, which lists what it has, and only then makes its own offer: see
// hello. That costs one round trip of the login. To go by the client's identification line costs
// none, but lost: it is a table of programs and versions to keep up, and it locks out whoever says
// "-c aes128-ctr". An explicit list of ciphers is offered as it is, to all.
//
// Logins. What some authenticator of the frontend can do is offered (password, publickey,
// keyboard-interactive), and nothing else. A key that is asked about costs one question, however
// often the client repeats it, and counts as no failure: agents have many. What counts are proofs
// that fail, see maxFailures. Passwords by keyboard-interactive are asked for where an
// authenticator says that it does keyboard-interactive and then has no question for the user; to
// ask for them in any case lost, since a client that prefers that way, as OpenSSH's does, would
// come by it to every password.
//
// Keepalive. A client that is quiet is asked whether it is alive, and hung up on when it sends
// nothing at all, since TCP alone takes minutes to notice, and an upload must not stay half open
// that long. Any byte is a sign of life: some clients answer no such question. It is asked on an
// open channel, as OpenSSH's server does: to ask on the connection lost, since clients that answer
// such a request with SSH_MSG_UNIMPLEMENTED would be hung up on by the library. Without a channel
// nobody is asked, and the idle timeout ends the session. The same time bounds each write to a
// client that takes no data.
//
// Places before the login. They go first to addresses that have none, see startups.go; what one
// client may send and ask there is bounded.
package ssh
