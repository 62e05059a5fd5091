// Package ftp is the frontend that FTP and FTPS clients come in by: RFC 959, with 2389, 2428, 3659
// and 4217.
//
// Logins, paths and the order of commands are github.com/fclairamb/ftpserverlib's, which nothing
// else imports. What belongs to the connection is here: the listeners and their limits (Server), a
// client from its greeting to its end (client), the control connection with its TLS and its replies
// (control), and a session as the library wants a file system to be (driver). All that moves data
// is here too, in front of the library: transfer and its payloads (upload, download, listing), and
// the data connection beneath (dataSource, stream). What an error is called in FTP is in errors.go.
//
// The suite is vfstest through a client, the rules of frontends/frontendtest, conversations of
// devices and programs in testdata, and here curl, lftp, rclone and tnftp.
//
// # Decisions
//
// A server for each client. The library's server is made anew for every connection, with a listener
// that accepts this one. So accepting, counting and stopping are ours; the library's own stop has
// data races and leaves clients behind, and its server knows no connection by anything but a
// number.
//
// Transfers are ours. The library holds whole directories in memory, knows passive ports for IPv4
// only, answers nothing during a transfer, compresses in a form that no client reads, and sets no
// deadlines. So commands that move data are executed where the control connection is read, see
// [client.perform], and the library sees the others only, one after the other. The alternative that
// lost, a fork, would have to be kept up with.
//
// TLS of the control connection is ours. The library would put TLS over our connection, and replies
// could not be read any more. They must be, since it knows only 550, 552 and 553 for errors, and
// clients give up on what they should try again: see [reply] and [control].
//
// USER is refused where TLS is required and not on. To ask for the password first, as for a wrong
// one, would bring the password over the network in clear.
//
// Certificates of clients. The library would log a client in by its certificate at USER, and only
// over a TLS of its own. So the login is made where the library asks whether it may ask for a
// password, and where the certificate is enough, a PASS is put behind the client's USER and what
// the library says in between is left out: the client reads 232 (RFC 4217). The certificates of
// data connections are checked too, since both have one TLS configuration, without which they would
// not resume each other's sessions.
//
// When an upload is complete. FTP has no length and no end but that of the data connection, so a
// client that is killed looks like one that has finished. Before an upload is published the control
// connection is looked at: a client that has closed it without QUIT has not finished. A kernel
// closes a dead program's sockets in the order of their making, so that is seen, though nothing can
// be sure of it across a network. For devices that hang up behind their last byte there is hangup =
// "keep": then all counts that came to an orderly end of the data connection, also of a client that
// was killed.
//
// Over TLS close_notify tells whether an upload is complete. Half of the clients never send it, so
// the option close_notify is "auto": a client that sent one before, or is gone, must have sent it
// again. Somebody on the way can cut off the first upload of a session; "required" is sure.
//
// Lines end as the client says. Data is binary unless the client sends TYPE A, and only then
// converted, as RFC 959 has it; SIZE and REST are refused meanwhile. The alternative that lost, to
// pass text through as it is, would break the clients that TYPE A is for: those that know of no
// other lines' ends.
//
// Active mode is on: scanners, cameras and the ftp of Windows know no other. The server connects to
// the client's own address, to no port below 1024, and to nothing in active_deny. Other addresses
// are for foreign_data to name: a server that connects to where clients say is a weapon against
// others.
//
// Listings are sent as the storage lists, some thousand entries at a time, each time sorted by
// name. A listing that breaks off ends in an error, and never as if it were whole: a mirror would
// delete the rest on the other side. What ls sorts otherwise (LIST -t) is held in memory, and so
// has a limit. A name with control characters is listed in escaped form, and reached by it, see
// [naming].
//
// Names are UTF-8 or bytes that are given back as they came. With charset, clients that say nothing
// are taken for old ones, and those that say OPTS UTF8 ON have UTF-8. The alternative that lost, to
// find out by the bytes of each name, cannot be told before a listing which the client wants.
//
// NOOP and STAT are answered during a transfer, as by ProFTPD, and ABOR ends it; other commands
// wait for its end. Time of a transfer, and of the last step of an upload, does not count as idle.
// Nothing is sent ahead of the reply to an upload: what is said in 226- cannot be taken back.
//
// A symbolic link is listed as what it leads to, so that a mirror has the content; one that leads
// to nothing as a file of no bytes, so that it can be deleted. The alternative that lost, "l" with
// "-> target" in LIST and OS.unix=slink in MLSD, is not in the library, and half of the clients
// make of it a link on their own disk that leads nowhere. Links are made by SFTP.
//
// RNTO to the name of a directory is refused, as by ProFTPD and rename(2), but for a directory that
// replaces an empty one. To move the source into that directory, as mv does, was the alternative;
// then the client is told of success for a file that is elsewhere.
package ftp
