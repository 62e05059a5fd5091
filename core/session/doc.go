// Package session implements the session of one logged-in client: its identity, its open files, and
// its view of a store.
//
// A [Session] is a [vfs.FS], and the only view of the storage that a frontend has. It adds to the
// store:
//
//   - The login's home directory is the root of every path. Nothing outside of it has a name.
//   - The login's permissions are checked, at the place in the store to which each name leads.
//   - Transfers keep to the login's limits of bytes per second and bytes in all. Package core/login
//     limits the number of sessions.
//   - A table of open files. A path that is being written has the size and attributes that its
//     writers have set: SFTP clients ask by path, and set times before they close the file. The end
//     of the session ends all calls and handles.
//   - Content is never committed after a write to it has failed.
//   - Each operation is logged in one line when it has ended, and reported to an [Observer].
//
// The package knows no protocol and no product. It starts no goroutine except for the renewal of a
// grant ([Grants]). Logins are decided in core/login. The test suite is core/vfs/vfstest, which a
// session passes in a home directory.
//
// # Decisions
//
// All sessions of a login in a process share a file that is open for writing ([OpenFiles]): they
// share its content, and a rename or removal by one of them applies to it. A shared file is
// identified by its place in the store, with backend, authenticator, storage URL and user. Other
// users of the same account are excluded, because they may have other rights in the store: what one
// user writes must not be changed with the rights of another.
//
// A file that has lost its name stays usable through its handles. If the file was changed in place,
// the store may have deleted old content that nobody has read yet. Reading such content returns
// ErrChanged.
//
// Closing the last handle commits. Closing an earlier handle returns when its bytes are in the
// shared content; from then on the content is committed even if the other handles are cut off. A
// handle that is cut off takes nothing from the other handles, whose clients may send its part
// again. A handle that has changed nothing does not commit what a cut-off handle has left. A write
// that the store refuses fails all handles.
//
// If only other sessions have a file open, opening it with Truncate starts new content, and the
// handles of the other sessions fail. The alternatives lose more. Refusing the later client locks
// out a client that lost its connection and returns before the gateway has noticed. Letting both
// write mixes two files. Within one session, Truncate empties the file for all its handles, as
// mounts expect.
//
// A session sees its own writes at once: in Stat, in listings, and on opening the name. Its
// listings do not contain what another session of the login writes before Commit, so that a listed
// name is complete. By its exact name such a file is found: a client that reconnects asks how much
// has arrived. While new content replaces an existing file, other sessions open and see the
// existing file. A file that is changed in place changes for them too, as on any file system.
//
// Permissions are decided at the place in the store to which a name leads, and not by the name,
// because a file can have several names: links, or names for its old versions. A link that leads
// out of the home directory is refused, whoever has made it, and its target is not shown. A new
// link may lead only where the login has no fewer permissions than at the link itself. A login
// without rules and without a home directory is not checked, because it may use all places in the
// same way.
//
// If the client's own connection ends a transfer, the outcome is [ErrAbandoned], not a fault of the
// storage. Otherwise each client that goes away would log a warning.
//
// The package has a file for each kind of operation. They are one package because each of them must
// check permissions, limits and open files in the same way.
package session
