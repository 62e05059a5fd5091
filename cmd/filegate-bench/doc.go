// Filegate-bench measures filegate and other servers, and prints a table. `make bench` prepares the
// machine and runs it.
//
// The other servers are `rclone serve sftp` and `rclone serve ftp` with the same Swift, and
// OpenSSH's sshd with a local disk. For comparison, curl also talks directly to Swift. The clients
// are common programs with their default settings. For measurements that no common program can make
// (single reads, the first byte), the client is in this program, and the same for all servers.
//
// For each row of the table the contestants take turns, in several rounds, so that other load on
// the machine affects all of them. A server is started for its row and stopped after it, so its
// peak memory belongs to this row. In the first round the transferred data is compared with the
// expected data (of very many large files, only a part), so that fast but wrong data counts as a
// failure. A failure of one contestant is shown in its line, and the others continue. Ctrl-C also
// stops all started servers, and removes everything that was stored in Swift.
//
// # What a figure means
//
// CPU is the user and system time of the server and all its child processes, from before a transfer
// until the server is idle again, so late work counts too. Memory is the sum of the peaks of
// resident memory of these processes, so memory that several sshd processes share counts several
// times. Clients and Swift run on the same machine, so they get the CPU time that a server does not
// need. This is realistic on a machine of this size, but not on a larger one.
//
// The login rows log in one Keystone user again and again. Without the cache, filegate requests a
// token from Keystone for each login and revokes it afterwards, while the next login waits for
// Keystone too. So a comparable client must do both.
//
// A distant Swift is the same Swift through a delay in this program. The comment of the type delay
// describes what it imitates.
//
// This program starts filegate like the other servers, and imports nothing of it.
package main
