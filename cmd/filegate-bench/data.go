package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// file is a file to transfer: its local name, and its name in the run's directory on the server.
type file struct {
	local, remote string
	size          int64
}

// numbered returns names that differ only in a number.
func numbered(stem string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%06d", stem, i)
	}
	return names
}

// makeFile writes a file with random bytes.
func makeFile(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.CopyN(f, rand.Reader, size); err != nil {
		return err
	}
	return f.Close()
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// source returns the name of one of the files that sources creates.
func (b *bench) source(stem string, i int) string {
	return filepath.Join(b.work, fmt.Sprintf("%s-%06d", stem, i))
}

// sources creates n files of a size in the work directory, unless they exist from an earlier row.
func (b *bench) sources(stem string, n int, size int64) ([]string, error) {
	var paths []string
	for i := range n {
		path := b.source(stem, i)
		if info, err := os.Stat(path); err != nil || info.Size() != size {
			if err := makeFile(path, size); err != nil {
				return nil, err
			}
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// store stores files for the servers: in Swift, as plain objects, and in the directory of sshd.
func (b *bench) store(ctx context.Context, files []file) error {
	for _, f := range files {
		if err := b.storeOne(ctx, f); err != nil {
			return fmt.Errorf("preparing %s: %w", f.remote, err)
		}
	}
	return nil
}

func (b *bench) storeOne(ctx context.Context, f file) error {
	in, err := os.Open(f.local)
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := b.swift.text(ctx, http.MethodPut, b.swift.url(f.remote), io.NopCloser(in)); err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(b.disk, f.remote))
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// clear removes all stored files.
func (b *bench) clear(ctx context.Context) error {
	entries, err := os.ReadDir(b.disk)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(b.disk, e.Name())); err != nil {
			return err
		}
	}
	return b.swift.empty(ctx)
}
