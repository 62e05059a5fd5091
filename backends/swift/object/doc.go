// Package object reads one object as bytes: a file of [vfs] over the GETs of one object, which are taken
// up where they break, run ahead of the client, and are compared with the checksum that the object was
// written with.
//
// [Store.Open] makes the first GET, and [Store.NewReader] a file of it. Every further GET asks for the
// version that was opened: an object that was replaced meanwhile is read to its end as it was, or
// fails with [vfs.ErrChanged].
//
// A [Reader] holds its bytes in blocks of a [buffers.Budget] that all sessions share. It gives back what
// the client has had, and what it runs ahead with when others need the memory.
package object
