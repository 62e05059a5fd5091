package backend

import "time"

// Observer is told of what a backend asks its store. Its methods are called from several
// goroutines, and return at once.
type Observer interface {
	// Request is one request that has ended, with the headers of its answer or without one.
	Request(Request)
	// Sent and Received are bytes of bodies that have gone to the store, and come from it.
	Sent(n int64)
	Received(n int64)
}

// Request is one request to a store.
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

// Usage says how the memory for the buffers of a backend is used at one moment.
type Usage struct {
	Memory  int64 // in all, in bytes
	Free    int64 // of that
	Waiting int   // transfers that wait for some
}

// UsageBackend is a Backend with a bounded memory for buffers.
type UsageBackend interface {
	Backend
	// Usage returns how it is used at the moment.
	Usage() Usage
}

// UsageOf returns how a backend uses its memory; ok is false for one that has no bound.
func UsageOf(b Backend) (u Usage, ok bool) {
	if b, ok := b.(UsageBackend); ok {
		return b.Usage(), true
	}
	return Usage{}, false
}
