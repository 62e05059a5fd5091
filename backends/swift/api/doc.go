// Package api makes requests to one Swift. It knows names, headers, errors, tokens and the limits
// that a cluster reports at /info. It knows nothing of directories, listings and large files.
//
// A [Store] holds what all logins of a backend share: connections, limits, and the round-trip time.
// A [Client] makes the requests of one login. It sends the token, renews the token when Swift
// refuses it, and retries requests (see the table at attempt). [Client.Send] is for requests whose
// response is in the headers, [Client.Fetch] is for short response bodies, and [Client.Open] leaves
// the body to the caller. Requests that all packages of the backend need have their own methods:
// Head, Delete, Copy, LinkEnd and others.
//
// A failed request returns a [StatusError], which [StatusOf] reads. [Translate] converts it to the
// errors of core/vfs. The comment of a method says if its error is not translated, so that the
// caller can check the status first.
//
// # Decisions
//
// ncw/swift builds a request from a container, an object and headers, and reads the response. It is
// used for this and for nothing else. It is bypassed in connection, exchange and
// transport.RoundTrip, because its segment writer is serial and deletes the old file first, its
// timeouts take a server-side copy for a hanging connection, it does not retry writes, it does not
// know which token was refused, it starts a goroutine for each read of a response, and it sends
// "Expect: 100-continue" with every body.
//
// Another account is reached at the storage URL of the login with the last path element replaced,
// so that the token never goes to another host. Swift decides on the access.
//
// The package has a file for each rule of Swift that others do not need to know, such as what is
// retried, how names are escaped, or what a 412 means.
package api
