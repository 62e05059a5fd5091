package sftp_test

import (
	"context"
	"sync"

	"filegate/core/vfs"
)

// sized is a store that keeps the size of the largest write.
type sized struct {
	vfs.FS
	largest *int
}

func (s sized) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	w, err := s.FS.OpenWriter(ctx, name, opts)
	return &sizedWriter{Writer: w, largest: s.largest}, err
}

type sizedWriter struct {
	vfs.Writer
	mu      sync.Mutex
	largest *int
}

func (w *sizedWriter) WriteAt(p []byte, off int64) (int, error) {
	w.mu.Lock()
	*w.largest = max(*w.largest, len(p))
	w.mu.Unlock()
	return w.Writer.WriteAt(p, off)
}
