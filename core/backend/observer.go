package backend

import "time"

// Observer is notified of the requests of a backend to its store. Its methods are called by several
// goroutines and return at once.
type Observer interface {
	// Request reports a request when the headers of its response have arrived, or when it has
	// failed.
	Request(Request)
	// Sent and Received report bytes of request and response bodies.
	Sent(n int64)
	Received(n int64)
}

// Request describes one request to a store.
type Request struct {
	Verb   string        // in the store's protocol, such as "GET"
	Status int           // of the answer, likewise; 0: none came
	Took   time.Duration // until the headers of the answer
	Again  bool          // an earlier one for the same purpose had failed
}

// Nobody is an Observer that does nothing.
type Nobody struct{}

// Request implements [Observer].
func (Nobody) Request(Request) {}

// Sent implements [Observer].
func (Nobody) Sent(int64) {}

// Received implements [Observer].
func (Nobody) Received(int64) {}

// Usage is the use of a backend's buffer memory at one moment.
type Usage struct {
	Memory  int64 // in all, in bytes
	Free    int64 // of that
	Waiting int   // transfers that wait for some
}

// UsageBackend is a Backend with limited buffer memory.
type UsageBackend interface {
	Backend
	// Usage returns the present use.
	Usage() Usage
}

// UsageOf returns the memory use of a backend. ok is false if the backend has no limit.
func UsageOf(b Backend) (u Usage, ok bool) {
	if b, ok := b.(UsageBackend); ok {
		return b.Usage(), true
	}
	return Usage{}, false
}
