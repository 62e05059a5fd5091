// Package ssh implements the SSH frontend: listener, handshake, login, and the channels of a
// connection.
//
// A [Service], such as frontends/sftp and frontends/scp, serves a channel after the login. Services
// do not know this package, and this package does not know them: [Kind] takes the list of services.
// There is no shell, no terminal and no forwarding.
//
// The suite for logins, faults and vanishing clients is frontends/frontendtest, which runs here
// with both services.
//
// # Decisions
//
// Ciphers. The client's order decides, and OpenSSH prefers chacha20, which needs twice the CPU time
// of AES-GCM on CPUs with AES instructions. A server can only omit chacha20, but then a client
// without AES-GCM, because it is old or because of its user's cipher list, could not connect. So
// the server sends its identification, waits up to a second for the client's first packet, which
// lists the client's ciphers, and only then makes its own offer (see hello). This costs one round
// trip in each login. Recognizing clients by their identification line costs none, but was
// rejected: it needs a table of programs and versions, and locks out users of "-c aes128-ctr". A
// configured list of ciphers is offered to all clients unchanged.
//
// Logins. The frontend offers exactly the methods that some authenticator supports: password,
// publickey, keyboard-interactive. The question whether a key is acceptable costs one question,
// however often the client repeats it, and is not a failure, because agents have many keys. Failed
// proofs count, see maxFailures. A password is asked for by keyboard-interactive if an
// authenticator supports keyboard-interactive and then has no question for the user. Asking in all
// cases was rejected: clients that prefer this method, such as OpenSSH, would use it for every
// password.
//
// Keepalive. The server asks a quiet client for a sign of life, and disconnects a client that sends
// nothing at all: TCP alone takes minutes to notice, and an upload must not stay open that long.
// Any byte is a sign of life, because some clients do not answer the request. The request goes to
// an open channel, as in OpenSSH's server. Requests on the connection were rejected: the library
// disconnects clients that answer them with SSH_MSG_UNIMPLEMENTED. Clients without a channel are
// not asked; the idle timeout ends their session. The same time limits each write to a client that
// does not read.
//
// Connections before login. Addresses without a connection get the free places first, see
// startups.go. What one client may send and ask before its login is bounded.
package ssh
