// Package scp implements the server side of the scp command: -t receives files from the client, -f
// sends files to it, with the protocol of rcp.
//
// OpenSSH's scp uses this protocol with -O, and by default before version 9; newer versions use
// SFTP. There is no specification, so this package follows OpenSSH's program. It knows nothing of
// SSH: see [Service]. There is no shell; frontends/shellwords expands the file names of a command
// line.
//
// The tests here run OpenSSH's and PuTTY's programs, and frontends/frontendtest. The package cannot
// run core/vfs/vfstest, because the protocol can neither list nor rename.
//
// # Decisions
//
// A file is committed when all of its bytes have arrived and the client does not report that it
// failed to read them. The acknowledgement comes after the commit: the client never sees a success
// before the store has the file. Most clients confirm with a zero byte; libssh2 sends nothing and
// ends the stream. Requiring the byte would lose every upload of curl, which does not notice.
package scp
