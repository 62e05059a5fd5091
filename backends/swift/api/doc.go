// Package api makes requests to one Swift. It knows names, headers, errors, tokens and the limits
// that a cluster tells at /info, and nothing of directories, listings or large files.
//
// A [Store] holds what all logins of a backend share: connections, limits, and the round trip. A
// [Client] makes the requests of one login. It sends the token, renews it when Swift refuses it,
// and tries a request again while there is hope (attempt has the table). [Client.Send] is for
// requests that are answered by headers, [Client.Fetch] for short answers, and [Client.Open] leaves
// the body to the caller. Requests that every room of the backend needs have methods of their own:
// Head, Delete, Copy, LinkEnd and so on.
//
// A request fails with a [StatusError] that [StatusOf] reads. [Translate] puts it into the terms of
// core/vfs; comments of methods say where an error is not translated yet, so that the caller can
// look at the status first.
//
// # Decisions
//
// ncw/swift makes a request out of a container, an object and headers, and reads the answer: for
// that it is used, and for nothing else. It is bypassed here (see connection, exchange and
// transport.RoundTrip): its segment writer is serial and deletes the old file first, its timeouts
// count a server-side copy as a hanging connection, it neither retries writes nor knows which token
// was refused, its answers start a goroutine for each read, and it asks "Expect: 100-continue" for
// every body.
//
// An account other than the login's own is reached at the storage URL of the login, with its last
// element replaced, so that the token never goes to another host. Swift decides what may be done
// there.
package api
