package swifttest

import "io"

// store stores the bytes of objects. A persistent store also stores everything that a restart
// needs. Calls that change the metadata of one account are sequential; calls about bodies may be
// concurrent.
type store interface {
	// create starts a new body. It is not visible until an object refers to it. size is its expected
	// size in bytes, or negative if it is not known.
	create(size int64) (bodyWriter, error)
	// open opens a body for reading. An open body can be read to its end even if it is removed
	// meanwhile.
	open(id string) (body, error)
	// discard removes a body to which no object refers any more.
	discard(id string)

	putAccount(a *account) error
	putContainer(account string, c *container) error
	removeContainer(account, name string) error
	// putObject stores an object atomically. It replaces an object with the same name.
	putObject(account, container string, o *object) error
	removeObject(account, container, name string) error

	// load returns all stored data.
	load() ([]*account, error)
	close() error
}

// bodyWriter writes a new body.
type bodyWriter interface {
	io.Writer
	// finish completes the body and returns the id for open.
	finish() (id string, err error)
	// abort discards the body. After finish it does nothing.
	abort()
}

// body is a stored body, open for reading.
type body interface {
	io.ReaderAt
	io.Closer
}
