// Package ftp implements the frontend for FTP and FTPS: RFC 959, 2389, 2428, 3659 and 4217.
//
// Package github.com/fclairamb/ftpserverlib, which no other package imports, implements the
// dialogue of a login, current directories, and the simple commands. This package implements the
// connections: listeners and their limits (Server), a client from its greeting to its end (client),
// the control connection with its TLS and its replies (control), and the adapter from a session to
// the library's file system (driver). It also implements everything that moves data, without the
// library: transfers and their payloads (upload, download, listing), and the data connection
// (dataSource, dataStream). The FTP codes of errors are in errors.go.
//
// The suite is vfstest through a client, the rules of frontends/frontendtest, recorded
// conversations of devices and programs in testdata, and tests with curl, lftp, rclone and tnftp.
//
// # Decisions
//
// Each client has its own server of the library, with a listener that accepts only this connection.
// So accepting, counting and stopping are ours. The library's own stop has data races and leaves
// clients behind, and its server identifies connections only by a number.
//
// Transfers are ours. The library holds whole directories in memory, supports passive ports only
// for IPv4, answers nothing during a transfer, compresses in a format that no client reads, and
// sets no deadlines. So commands that move data run where the control connection is read, see
// [client.perform], and the library gets only the other commands, one after another. The
// alternative was a fork, which would have to be kept up to date.
//
// TLS of the control connection is ours. The library would put TLS on top of our connection, and
// its replies could not be rewritten. They must be, because the library knows only 550, 552 and 553
// for errors, and clients give up where they should try again: see [reply] and [control].
//
// If TLS is required and not active, USER is refused. Asking for the password first, as for a wrong
// password, would send the password over the network in clear text.
//
// Client certificates. The library would log a client in by its certificate at USER, and only over
// its own TLS. So the login happens where the library asks whether it may ask for a password. If
// the certificate is sufficient, a PASS is inserted after the client's USER, and the library's
// reply in between is dropped: the client reads 232 (RFC 4217). The certificates of data
// connections are checked too, because both kinds of connections must share a TLS configuration to
// resume each other's sessions.
//
// End of an upload. FTP has no length and no end of file except the end of the data connection, so
// a killed client looks like a client that has finished. Before an upload is committed, the control
// connection is checked: a client that has closed it without QUIT has not finished. A kernel closes
// the sockets of a dead program in the order of their creation, so the closed control connection is
// seen, although this is not certain across a network. For devices that disconnect right after
// their last byte there is hangup = "keep": then every upload whose data connection ends in order
// is complete, including those of killed clients.
//
// With TLS, close_notify marks the end of a complete upload. Half of the clients never send it, so
// the option close_notify is "auto": a client must send it if it has sent one before, or if it has
// disconnected. An attacker on the network can cut off the first upload of a session; "required"
// prevents this.
//
// Line ends follow TYPE. Data is binary unless the client sends TYPE A. Only then is it converted,
// as in RFC 959, and SIZE and REST are refused meanwhile. The alternative, passing text through
// unchanged, would break the clients for which TYPE A exists: those that know no other line ends.
//
// Active mode is on by default: scanners, cameras and the ftp of Windows know nothing else. The
// server connects only to the client's own address, or to a network in the option foreign_data. It
// never connects to ports below 1024, to networks in active_deny, to trusted proxies, or to other
// addresses of its own machine. A server that connects wherever clients tell it to is a weapon
// against others. A client on the same machine gets data at its loopback address, but only at ports
// of the user who runs it, and at none of the gateway's own. The alternative, to refuse loopback
// always, would break local jobs and tests; to allow it always would open each service of the
// machine to the clients of a balancer that runs here without the PROXY protocol.
//
// Listings are sent while the storage lists, in batches of about 10,000 entries, each batch sorted
// by name. A listing that fails ends with an error and never looks complete: a mirror would delete
// the missing files at the other side. The other sort orders of ls (such as LIST -t) sort in
// memory, so they limit the number of entries. A name with control characters is listed in escaped
// form and reached by this form, see [naming].
//
// Names are UTF-8, or bytes that are returned unchanged. With the option charset, clients that do
// not send OPTS UTF8 ON use that character set. The alternative was to detect the character set
// from the bytes of each name, which is not possible before a client's first listing.
//
// NOOP and STAT without an argument are answered during a transfer, as in ProFTPD, and ABOR ends
// it. Other commands wait for its end. The time of a transfer, and of the last step of an upload,
// is not idle time. Nothing is sent before the reply to an upload, because a 226- line cannot be
// taken back.
//
// A symbolic link is listed as its target, so that a mirror gets the content. A dangling link is
// listed as an empty file, so that it can be deleted. The alternative, "l" with "-> target" in LIST
// and OS.unix=slink in MLSD, is not in the library, and half of the clients turn it into a local
// link that leads nowhere. Links are created with SITE SYMLINK, or by SFTP.
//
// RNTO to the name of a directory is refused, as in ProFTPD and rename(2), except that a directory
// replaces an empty directory. The alternative was to move the source into the directory, as mv
// does; then the client would get a success for a file that is elsewhere.
//
// # Size
//
// The package has more files than most, because FTP has more commands and options than other
// protocols, and each group has a file of its own. They are one package because they share the
// state of the control connection: the type of transfers, the current directory, the protection of
// data.
package ftp
