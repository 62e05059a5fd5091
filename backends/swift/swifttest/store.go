package swifttest

import "io"

// store is where the bytes of objects are kept and, in one that outlives the process, all else that
// a restart must find again. Calls that change what is known of one account come one at a time;
// those about bodies come from anywhere.
type store interface {
	// create begins a new body. Nobody sees it before an object names it.
	create() (bodyWriter, error)
	// open opens a body for reading. What is open can be read to its end, also when it is removed
	// meanwhile.
	open(id string) (body, error)
	// discard removes a body that no object names any more.
	discard(id string)

	putAccount(a *account) error
	putContainer(account string, c *container) error
	removeContainer(account, name string) error
	// putObject makes an object visible, in one step, in the place of another of that name.
	putObject(account, container string, o *object) error
	removeObject(account, container, name string) error

	// load returns everything that was kept.
	load() ([]*account, error)
	close() error
}

// bodyWriter takes the bytes of a new body.
type bodyWriter interface {
	io.Writer
	// finish ends the body and returns the name to open it by.
	finish() (id string, err error)
	// abort forgets the body. After finish it does nothing.
	abort()
}

// body is a stored body, open for reading.
type body interface {
	io.ReaderAt
	io.Closer
}
