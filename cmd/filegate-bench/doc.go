// Filegate-bench measures filegate beside its peers, and prints a table of figures. `make bench`
// prepares what it needs and runs it.
//
// The peers are `rclone serve sftp` and `rclone serve ftp` over the same Swift, OpenSSH's sshd over
// a local disk, and curl directly to Swift, which is the limit for the others. Clients are the
// programs that people use, as they come; where none of them does what is to be measured (single
// reads, the first byte), it is a client in this program, the same for all.
//
// For each row of the table its contestants take turns, round after round, so that what else
// happens on the machine meets all of them. A server is started for its row and stopped after it:
// what its memory peaks at belongs to that row. In the first round what was moved is compared with
// what should have been (of very many large files a part), so that a fast wrong answer counts as a
// failure. One contestant's failure stands in its line, and the others go on. What is started is
// stopped, and what is put into Swift is removed, on Ctrl-C too.
//
// # What a figure means
//
// CPU is the user and system time of the server and of all processes below it, from before a
// transfer until the server is quiet again after it: what a server does late counts as well. Memory
// is the sum of the peaks of resident memory of those processes, so memory that sshd's processes
// share counts several times. Clients and Swift run on the same machine; so a server that needs
// less CPU leaves them more, as it does in life on a machine of that size and not on a larger one.
//
// Logins are those of one user of Keystone's, again and again. Without the cache filegate asks
// Keystone for a token for each of them, and gives it back after it, while the next one waits for
// Keystone too: so what compares is the client that does both.
//
// A Swift at a distance is the same Swift behind a delay in this program (delay.go says what it
// imitates, and what it does not).
//
// This program starts filegate as it starts the others, and imports nothing of it.
package main
