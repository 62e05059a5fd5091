// Package sftp is the SSH subsystem "sftp": the SSH File Transfer Protocol, version 3 (draft-ietf-secsh-filexfer-02), over a session.
//
// The protocol is spoken by github.com/pkg/sftp; this package gives it handlers, and adds what OpenSSH has beyond it by a filter on
// the packets (limits@openssh.com, fsync@openssh.com, copy-data). It knows nothing of SSH: see [Service] for how it is run.
//
// Its suite is core/vfs/vfstest over a real client, beside tests with the programs that people use, and frontends/frontendtest.
//
// # Decisions
//
// CLOSE publishes. An upload is committed when the client closes the handle, and the answer to CLOSE is the answer to the commit. It is not committed when a
// write to it has failed, or when the connection ended with the handle open. A client that is interrupted by its user closes its handle in good order; nothing
// tells that apart from a file that is meant to be so short.
//
// fsync answers success and does nothing: what has been written is safe when CLOSE has been answered, and refusing
// it would only make programs fail that call it as a matter of course.
//
// copy-data of a whole file is a copy that the store makes, and it is published before the answer, not at CLOSE: OpenSSH's client takes that answer for the outcome and
// does not look at the one to CLOSE. The library has no way to its handles for such a request: see handleOf. To number them ourselves, from the order of the
// answers, was the alternative; it would be wrong without a word when the library began to answer in another order.
//
// APPEND is ignored, since every write names its offset and clients that resume (OpenSSH's reput) send both.
//
// posix-rename@openssh.com is rename(2): a file replaces a file, a directory an empty directory, and all else is refused. To move a
// file into a directory of the new name was the alternative; then the client is told of success for a file that is elsewhere.
// RENAME refuses every name that is taken.
//
// SYMLINK takes its two names in the order in which OpenSSH sends them. What a link leads to is told as a relative name, see link.go.
package sftp
