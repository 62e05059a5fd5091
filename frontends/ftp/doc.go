// Package ftp is the frontend that FTP and FTPS clients come in by: RFC 959, with 2389, 2428, 3659 and 4217.
//
// The protocol is github.com/fclairamb/ftpserverlib's, which nothing else imports. What belongs to the connection is here: the listeners and their
// limits (Server), a client from its greeting to its end (client), the control connection with its TLS and its replies (control), data connections
// (dataConn), and a session as the library wants a file system to be (driver, upload, download). What an error is called in FTP is in errors.go.
//
// Commands that the library lacks, or knows in one form only, are rewritten or answered in front of it (verbs.go). There is no server-side hashing, no MODE Z, and no REIN or COMB. The suite is vfstest through a client, the rules of frontends/frontendtest,
// and here curl, lftp, rclone and tnftp.
//
// # Decisions
//
// A server for each client. The library's server is made anew for every connection, with a listener that accepts this one. So accepting, counting
// and stopping are ours; the library's own stop has data races and leaves clients behind, and its server knows no connection by anything but a number.
//
// TLS of the control connection is ours. The library would put TLS over our connection, and replies could not be read any more. They must
// be, since it knows only 550, 552 and 553 for errors, and clients give up on what they should try again: see [reply] and [control]. The
// alternative that lost, a fork, would have to be kept up with. TLS of data connections is the library's, over our [dataConn].
//
// Certificates of clients. The library would log a client in by its certificate at USER, and only over a TLS of its own. So the login is made where the library
// asks whether it may ask for a password, and where the certificate is enough, a PASS is put behind the client's USER and what the library says in between is left out: the client
// reads 232 (RFC 4217). The certificates of data connections are checked too, since both have one TLS configuration, without which they would not resume each other's sessions.
//
// When an upload is complete. FTP has no length and no end but that of the data connection, so a client that is killed looks like one that has
// finished. Before an upload is published the control connection is looked at: a client that has closed it without QUIT has not finished. A kernel
// closes a dead program's sockets in the order of their making, so that is seen, though nothing can
// be sure of it across a network. For devices that hang up behind their last byte there is
// hangup = "keep": then all counts that came to an orderly end of the data connection, also of a
// client that was killed.
//
// Over TLS close_notify tells whether an upload is complete. Half of the clients never send it, so
// the option close_notify is "auto": a client that sent one before, or is gone, must have sent it
// again. Somebody on the way can cut off the first upload of a session; "required" is sure. In
// active mode close_notify is not looked for.
//
// Lines end as the client says. Data is binary unless the client sends TYPE A, and only then converted, as RFC 959 has it; SIZE and REST are
// refused meanwhile. The alternative that lost, to pass text through as it is, would break the clients that TYPE A is for: those that know of no other lines' ends.
//
// Active mode is on: scanners, cameras and the ftp of Windows know no other. The server connects to the client's own address only, to no port below 1024, and to nothing in active_deny.
// Limits of it, since the library makes these connections: a client that stops reading a listing is not hung up on before it leaves, and close_notify is not looked for.
//
// Listings are held in memory, since the library wants them whole. A directory with more than max_list_entries is an error, and never a part of it: a mirror
// would delete the rest on the other side. A name with control characters is listed in escaped form, and cannot be reached by it.
//
// A symbolic link is listed as what it leads to, so that a mirror has the content; one that leads to nothing as a file of no bytes, so that it can be
// deleted. The alternative that lost, "l" with "-> target" in LIST and OS.unix=slink in MLSD, is not in the library, and half of the clients make of it a link on
// their own disk that leads nowhere. Links are made by SFTP.
//
// RNTO to the name of a directory is refused, as by ProFTPD and rename(2), but for a directory that replaces an empty one. To move
// the source into that directory, as mv does, was the alternative; then the client is told of success for a file that is elsewhere.
//
// A range of passive ports is for IPv4, where the library opens its ports. Without a range, data comes in by IPv6 too (EPSV).
package ftp
