// Package sftp is the SSH subsystem "sftp": the SSH File Transfer Protocol, version 3
// (draft-ietf-secsh-filexfer-02), over a session.
//
// A channel reads the requests of a client and decides when each may act. Open files are served by
// github.com/pkg/sftp, in a server of its own for each file (a lane); what is about names, handles
// and directories, and all extensions, is answered by the functions in the table verbs and in
// extensions. To add an extension, add a line there. The package knows nothing of SSH: see
// [Service] for how it is run.
//
// Its suite is core/vfs/vfstest over a real client, beside tests with the programs that people use,
// and frontends/frontendtest.
//
// # Decisions
//
// CLOSE publishes. An upload is committed when the client closes the handle, and the answer to
// CLOSE is the answer to the commit. It is not committed when a write to it has failed, or when the
// connection ended with the handle open. A client that is interrupted by its user closes its handle
// in good order; nothing tells that apart from a file that is meant to be so short.
//
// fsync answers success and does nothing: what has been written is safe when CLOSE has been
// answered, and refusing it would only make programs fail that call it as a matter of course.
//
// copy-data of a whole file is a copy that the store makes, and it is published before the answer,
// not at CLOSE: OpenSSH's client takes that answer for the outcome and does not look at the one to
// CLOSE.
//
// The requests for one file act in their order, whether the client waits for answers or not: see
// order.go. What touches other files, or other bytes of the same, runs at the same time. One server
// of the library for all files was the alternative: there a CLOSE waits for everything, everything
// waits for it, and WRITEs that overlap act in any order. A listing waits for a CLOSE in its
// directory, so that the file is in it, but no longer than listingPatience.
//
// APPEND writes at the end, whatever offset a WRITE has: that of clients which open with it is
// often 0.
//
// A client that resumes an upload of which nothing is there opens the file without TRUNC and writes
// at an offset. That is told from a file with a hole, which is legal, at the CLOSE of the last
// handle only, see session.ExpectResumption: until then another handle may bring the beginning.
//
// The mode of OPEN and MKDIR is that of what is made new, less the usual umask of 022, as with
// OpenSSH's server.
//
// A name with a slash at the end is that of a directory: what Linux refuses by such a name is
// refused.
//
// posix-rename@openssh.com is rename(2): a file replaces a file, a directory an empty directory,
// and all else is refused. To move a file into a directory of the new name was the alternative;
// then the client is told of success for a file that is elsewhere. RENAME refuses every name that
// is taken.
//
// SYMLINK takes its two names in the order in which OpenSSH sends them, and in that of the draft
// from the clients that are known to send it to all servers but OpenSSH. What a link leads to is
// told as a relative name, see link.go.
package sftp
