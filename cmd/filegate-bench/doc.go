// Filegate-bench measures filegate and other servers, and prints a table. `make bench` prepares the
// machine and runs it.
//
// The other servers are `rclone serve sftp` and `rclone serve ftp` over the same Swift, and
// OpenSSH's sshd over a local disk. For comparison, curl talks directly to Swift. The clients are
// common programs in their default form. Where no common program does what is to be measured
// (single reads, the first byte), the client is in this program, and the same for all servers.
//
// For each row of the table the contestants take turns, round after round, so that other load on
// the machine affects all of them. A server is started for its row and stopped after it, so its
// peak memory belongs to this row. In the first round the transferred data is compared with the
// expected data (a part of very many large files), so that a fast wrong answer counts as a failure.
// A failure of one contestant is shown in its line, and the others go on. Ctrl-C too stops
// everything that was started, and removes what was stored in Swift.
//
// # What a figure means
//
// CPU is the user and system time of the server and all its child processes, from before a transfer
// until the server is idle again: late work counts too. Memory is the sum of the peaks of resident
// memory of these processes, so memory that several sshd processes share counts several times.
// Clients and Swift run on the same machine, so a server that needs less CPU leaves them more. This
// is so in practice on a machine of this size, and not on a larger one.
//
// The login rows log one Keystone user in again and again. Without the cache, filegate asks
// Keystone for a token for each login and revokes it afterwards, while the next login waits for
// Keystone too. So a comparable client must do both.
//
// A distant Swift is the same Swift behind a delay in this program; delay.go says what it imitates
// and what not.
//
// This program starts filegate like the other servers, and imports nothing of it.
package main
