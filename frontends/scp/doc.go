// Package scp is the command "scp" as clients run it on a server, with -t to send files to it and
// -f to get files from it: the protocol that came with rcp.
//
// OpenSSH's scp speaks it with -O, and before version 9; newer ones use SFTP. There is no
// specification but the programs: this package follows OpenSSH's. It knows nothing of SSH: see
// [Service] for how it is run. There is no shell behind it; what a shell would do for the file
// names of a command line is done by frontends/shellwords.
//
// Its suite is the tests with OpenSSH's and PuTTY's programs here, and frontends/frontendtest; it
// cannot carry core/vfs/vfstest, since it can neither list nor rename.
//
// # Decisions
//
// A file is committed when all of its bytes have arrived and the client does not say that it could
// not read them all, and acknowledged after that: the client never hears of success before the
// store has the file. Most clients say that they could, with a zero byte; libssh2 says nothing and
// ends the stream. To insist on the byte would lose every upload of curl, which does not even
// notice.
package scp
