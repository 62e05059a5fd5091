// Filegate-chaos checks that filegate loses nothing and shows nothing old while everything around it
// fails.
//
// It starts a Swift (the fake one of this repository, or one that is given), memcached, and several
// gateways, and puts a faulty network between clients, gateways and Swift. Clients upload, replace,
// append, edit in place, interrupt and resume, rename files and directories, remove, read (also so
// slowly that the file is replaced meanwhile) and list, by SFTP, SCP and FTP. Half of them log in to
// another account, which has a right to the container of the files. Meanwhile gateways and
// authenticators are killed and started again, connections are cut and stand still, tokens are
// revoked, and Swift fails. With an even seed Swift lists late, with an odd one memcached loses its
// content or stops.
//
// # What is judged
//
// All clients share some files, which exist from the beginning on: a new file can be read by its
// name before its upload is complete, by other sessions of the same login. Each content of such a
// file is unique, and each read must return one content as a whole, which is not older than any
// content that a client was told of before the read began. A client that got an error does not know
// whether its change was made: it may have been, at any time.
//
// Each client also has files of its own, of which it knows the content: after an operation that
// succeeded, exactly the new one; after one that failed, the old or the new one. At the end, after
// all faults, every file is read once more.
//
// The seed determines what the clients and the faults do, but not the order in which the processes
// run, so a run cannot be repeated exactly.
package main
