// Package session is one logged-in client: its identity, its confined, limited and observed view of a store, and its open files.
//
// A [Session] is itself a [vfs.FS], and all that a frontend ever sees of the storage. On top of the store it
//
//   - puts the login's home directory in front of every path, so that nothing outside of it has a name;
//   - checks the login's permissions, path by path where it has rules;
//   - holds transfers to the login's limits of bytes per second and in all (how many sessions it may have is core/gateway's to count);
//   - keeps the table of open files, so that a path that is being written has the size and the attributes that its writer has
//     (SFTP asks by path, and sets times before it closes), and so that the end of the session ends every call and every handle;
//   - never commits a content of which a write has failed;
//   - writes one log line for each operation, when it has ended, and tells the same to an [Observer].
//
// It knows no protocol and no product, starts no goroutine but the renewal of a grant ([Grants]), and decides nothing about logins: that is core/gateway.
// Its suite is core/vfs/vfstest, which it passes in a home directory.
//
// # Decisions
//
// Remove and Rename are about what is stored, also where the path is being written: the writer goes on, and publishes under the name
// that it was opened with. To let it follow, as a file does that a system has open, would need a store that can rename what nobody can see yet.
//
// A link may lead only to what it opens no more of than the login has there anyway: rules go by the name that a client says, and through a link it would say another.
// Links that have been made by other ways are followed as the store does it, also out of the home directory: to look behind each name would cost a
// request for every file. Where they lead is not told then.
//
// What the client's own connection does to a transfer is [ErrAbandoned], not a fault of the storage: else each client that walks away would be a warning.
package session
