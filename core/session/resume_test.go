package session_test

import (
	"errors"
	"strings"
	"testing"

	"filegate/core/session"
	"filegate/core/vfs"
)

// resume opens a file as a client does that goes on with what it takes for there.
func resume(t *testing.T, s *session.Session, name vfs.Path) vfs.Writer {
	t.Helper()
	w := openWriter(t, s, name, vfs.WriteOptions{Create: true})
	if err := s.ExpectResumption(w); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestResumptionOfNothing goes on with an upload of which nothing is there, and nobody sends it.
func TestResumptionOfNothing(t *testing.T) {
	a, b := two(t)
	put(t, a, "/old", "0123456789")
	put(t, a, "/empty", "")
	for _, tt := range []struct {
		name  string
		write func(t *testing.T) vfs.Writer
		file  vfs.Path
		want  string // empty: an error
	}{
		{"at an offset", func(t *testing.T) vfs.Writer {
			w := resume(t, a.Session, "/new")
			writeAt(t, w, "tail", 6)
			writeAt(t, w, "more", 10)
			return w
		}, "/new", ""},
		{"by two handles", func(t *testing.T) vfs.Writer {
			first := resume(t, a.Session, "/new")
			writeAt(t, first, "tail", 6)
			second := resume(t, a.Session, "/new")
			writeAt(t, second, "more", 10)
			commit(t, first) // the other may still fill it
			return second
		}, "/new", ""},
		{"from the beginning, last", func(t *testing.T) vfs.Writer {
			w := resume(t, a.Session, "/parts")
			writeAt(t, w, "tail", 6)
			writeAt(t, w, "012345", 0)
			return w
		}, "/parts", "012345tail"},
		{"parts by two sessions", func(t *testing.T) vfs.Writer {
			second := resume(t, a.Session, "/halves")
			writeAt(t, second, "tail", 6)
			first := resume(t, b, "/halves")
			writeAt(t, first, "012345", 0)
			commit(t, second)
			return first
		}, "/halves", "012345tail"},
		{"with a hole behind the beginning", func(t *testing.T) vfs.Writer {
			w := resume(t, a.Session, "/sparse")
			writeAt(t, w, "0", 0)
			writeAt(t, w, "9", 3)
			return w
		}, "/sparse", "0\x00\x009"},
		{"with the size set", func(t *testing.T) vfs.Writer {
			w := resume(t, a.Session, "/sized")
			if err := w.Truncate(2); err != nil {
				t.Fatal(err)
			}
			writeAt(t, w, "x", 2)
			return w
		}, "/sized", "\x00\x00x"},
		{"begun anew by another handle", func(t *testing.T) vfs.Writer {
			first := openWriter(t, a, "/anew", vfs.WriteOptions{Create: true, Truncate: true})
			second := resume(t, a.Session, "/anew")
			writeAt(t, second, "x", 2)
			commit(t, second)
			return first
		}, "/anew", "\x00\x00x"},
		{"nothing written", func(t *testing.T) vfs.Writer { return resume(t, a.Session, "/none") }, "/none", "-"},
		{"behind the end of a file", func(t *testing.T) vfs.Writer {
			w := resume(t, a.Session, "/old")
			writeAt(t, w, "x", 11)
			return w
		}, "/old", "0123456789\x00x"},
		{"behind the end of an empty one", func(t *testing.T) vfs.Writer {
			w := resume(t, a.Session, "/empty")
			writeAt(t, w, "x", 1)
			return w
		}, "/empty", "\x00x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := tt.write(t)
			_, err := w.Commit(t.Context())
			w.Close()
			if tt.want == "" {
				if !errors.Is(err, vfs.ErrInvalid) || !strings.Contains(vfs.ClientText(err), "resumed at byte 6") {
					t.Errorf("Commit: %v", err)
				}
				if _, err := a.Stat(t.Context(), tt.file); !errors.Is(err, vfs.ErrNotExist) {
					t.Errorf("it is there: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := a.stored(t, tt.file); got != strings.TrimPrefix(tt.want, "-") {
				t.Errorf("stored: %q, want %q", got, tt.want)
			}
		})
	}
}
