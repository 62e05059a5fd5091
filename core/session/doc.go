// Package session is one logged-in client: its identity, its confined, limited and observed view of
// a store, and its open files.
//
// A [Session] is itself a [vfs.FS], and all that a frontend ever sees of the storage. On top of the
// store it
//
//   - puts the login's home directory in front of every path, so that nothing outside of it has a
//     name;
//   - checks the login's permissions, path by path where it has rules;
//   - holds transfers to the login's limits of bytes per second and in all (how many sessions it
//     may have is core/gateway's to count);
//   - keeps the table of open files, so that a path that is being written has the size and the
//     attributes that its writers give it (SFTP asks by path, and sets times before it closes), and
//     so that the end of the session ends every call and every handle;
//   - never commits a content of which a write has failed;
//   - writes one log line for each operation, when it has ended, and tells the same to an
//     [Observer].
//
// It knows no protocol and no product, starts no goroutine but the renewal of a grant ([Grants]),
// and decides nothing about logins: that is core/gateway. Its suite is core/vfs/vfstest, which it
// passes in a home directory.
//
// # Decisions
//
// A file that is open for writing is one thing for all sessions of a login in a process
// ([OpenFiles]): they share its content, and a rename or a removal by any of them acts on it. Its
// place in the store tells which file it is, with backend, authenticator, storage URL and user:
// other users of the same account may have other rights in the store, and what is written through
// the view of one of them must not be changed with the rights of another.
//
// A file without a name stays usable by its handles, but of what had been stored before it was
// changed in place a store may have deleted what nobody has read yet: reading that is ErrChanged.
//
// The last handle publishes. One that is closed before is answered when its bytes are in the shared
// content, and from then on the content is published also if the other handles are cut off. A
// handle that is cut off takes nothing from the others, whose clients send its part again; but one
// that has changed nothing does not publish what a handle that was cut off has left. A write that
// the store has refused fails them all.
//
// Who opens a file with Truncate that only other sessions have open begins it anew, and their
// handles fail. The other ways lose more: to refuse the later one locks a client out that has lost
// its connection and comes back before the gateway has noticed, and to let both write is a mixture
// of two files. Within a session a file is emptied for all of its handles, as a mount expects.
//
// A session sees what it writes itself at once: in Stat, in listings, when it opens the name. What
// another session of the login writes is not in its listings before Commit, so that a name that is
// listed is complete. By its exact name it is found: a client that comes back asks how far it was.
// While the content was begun anew over a file that is there, other sessions open and see that
// file; a file that is changed in place they see change, as on any file system.
//
// A link may lead only to what it opens no more of than the login has there anyway: rules go by the
// name that a client says, and through a link it would say another. Links that have been made by
// other ways are followed as the store does it, also out of the home directory: to look behind each
// name would cost a request for every file. Where they lead is not told then.
//
// What the client's own connection does to a transfer is [ErrAbandoned], not a fault of the
// storage: else each client that walks away would be a warning.
package session
