package swifttest

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
)

// memStore stores only bodies, in memory. Everything else is in the tree of the server.
type memStore struct {
	mu     sync.Mutex
	next   int
	bodies map[string][]byte
}

func newMemStore() *memStore { return &memStore{bodies: map[string][]byte{}} }

type memWriter struct {
	*bytes.Buffer
	store *memStore
}

func (m *memStore) create(size int64) (bodyWriter, error) {
	const most = 8 << 20 // a client may announce more than it sends
	// Buffer.Grow would copy zeros, which is slow with the race detector.
	return &memWriter{bytes.NewBuffer(make([]byte, 0, min(max(size, 0), most))), m}, nil
}

func (w *memWriter) finish() (string, error) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.store.next++
	id := strconv.Itoa(w.store.next)
	w.store.bodies[id] = w.Bytes()
	return id, nil
}

func (w *memWriter) abort() {}

type memBody struct{ *bytes.Reader }

func (memBody) Close() error { return nil }

func (m *memStore) open(id string) (body, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.bodies[id]
	if !ok {
		return nil, fmt.Errorf("no body %s", id)
	}
	return memBody{bytes.NewReader(b)}, nil
}

func (m *memStore) discard(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.bodies, id)
}

func (m *memStore) putAccount(*account) error                 { return nil }
func (m *memStore) putContainer(string, *container) error     { return nil }
func (m *memStore) removeContainer(string, string) error      { return nil }
func (m *memStore) putObject(string, string, *object) error   { return nil }
func (m *memStore) removeObject(string, string, string) error { return nil }
func (m *memStore) load() ([]*account, error)                 { return nil, nil }
func (m *memStore) close() error                              { return nil }
