package swift

import (
	"log/slog"

	"filegate/backends/internal/recent"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// uploads finds and removes uploads that were cut off, see partial.
type uploads struct {
	client     *api.Client
	log        *slog.Logger
	lists      *listing.View
	containers *containers
	large      *large
	writing    *writing
	known      *knownUploads
}

func newUploads(l *large, known *knownUploads) *uploads {
	return &uploads{client: l.client, log: l.log, lists: l.lists, containers: l.containers, large: l, writing: l.writing, known: known}
}

// knownUploads is what all logins of a backend know of uploads.
type knownUploads struct {
	none   *recent.Keys // containers that have no cut-off upload
	some   *recent.Keys // containers that have one, or had
	swept  *recent.Keys // containers in which what is left of uploads has been looked for
	active activeUploads
}

func newKnownUploads() *knownUploads {
	k := &knownUploads{}
	k.forget()
	return k
}

// forget forgets all that was looked up. It is not called while a login is in use.
func (k *knownUploads) forget() {
	k.none, k.some, k.swept = recent.New(partialsFor), recent.New(partialsFor), recent.New(sweepEvery)
}
