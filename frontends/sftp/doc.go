// Package sftp implements the SSH subsystem "sftp" over a session: the SSH File Transfer Protocol,
// version 3 (draft-ietf-secsh-filexfer-02).
//
// A channel reads the requests of a client and decides when each of them may run. Package
// github.com/pkg/sftp serves open files, with a separate server for each file (a lane). The
// functions in the tables verbs and extensions answer requests about names, handles and
// directories, and all extensions. The package knows nothing of SSH: see [Service].
//
// To add an extension, add a line to extensions (extensions.go) and, if clients must know of it, to
// announced. The comment of verb (request.go) explains the letters of fields, and order.go the
// effects.
//
// The suite is core/vfs/vfstest over a real client, frontends/frontendtest, and tests with common
// client programs.
//
// # Decisions
//
// CLOSE commits. An upload is committed when the client closes the handle, and the reply to CLOSE
// is the result of the commit. An upload is not committed if a write has failed, or if the
// connection ends while the handle is open. A client that its user interrupts closes its handle
// normally; such a file cannot be told from a short file.
//
// fsync succeeds and does nothing. Written data is safe after the reply to CLOSE, and refusing
// fsync would only break programs that call it as a matter of course.
//
// copy-data of a whole file makes the store copy it, and is committed before the reply, not at
// CLOSE: OpenSSH's client takes this reply for the result and ignores the reply to CLOSE.
//
// Requests for one file run in their order, whether or not the client waits for replies: see
// order.go. Requests for other files, or for other bytes of the same file, run in parallel. One
// server of the library for all files was rejected: there a CLOSE waits for all other requests,
// they all wait for it, and overlapping WRITEs run in any order. A listing waits for a CLOSE in its
// directory, so that it contains the file, but no longer than listingPatience.
//
// APPEND writes at the end, whatever the offset of a WRITE: clients that open with APPEND often
// send the offset 0.
//
// A client that resumes an upload of which nothing exists opens the file without TRUNC and writes
// at an offset. A file with a hole, which is legal, looks the same until the last handle is closed,
// because another handle may still write the beginning; see session.ExpectResumption.
//
// The mode in OPEN and MKDIR is the mode of the new file or directory, less the usual umask of 022,
// as in OpenSSH's server.
//
// A name with a slash at the end is the name of a directory. What Linux refuses for such a name is
// refused here too.
//
// posix-rename@openssh.com is rename(2): a file replaces a file, a directory replaces an empty
// directory, and everything else is refused. The alternative was to move a file into the directory
// of the new name; then the client would get a success for a file that is elsewhere. RENAME refuses
// every name that exists.
//
// SYMLINK takes its two names in OpenSSH's order, and in the draft's order from clients that are
// known to use it with all servers except OpenSSH. The target of a link is returned as a relative
// name, see link.go.
package sftp
