package sftp

import (
	"bytes"
	"encoding/binary"
	"io"
	"log/slog"
	"testing"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs/memfs"
)

// stream is what a client sends and what it gets.
type stream struct {
	io.Reader
	out bytes.Buffer
}

func (s *stream) Write(p []byte) (int, error) { return s.out.Write(p) }

func text(s string) []byte { return appendString(nil, s) }

// packet makes a packet with an id.
func packet(kind byte, fields ...[]byte) []byte {
	return framed(append(answer(kind, 7), bytes.Join(fields, nil)...))
}

// FuzzChannel sends a client's bytes to a channel: whatever they are, it ends, and answers with
// whole packets.
func FuzzChannel(f *testing.F) {
	hello := framed([]byte{typeInit, 0, 0, 0, 3})
	long, word := make([]byte, 8), make([]byte, 4)
	open := packet(typeOpen, text("/f"), []byte{0, 0, 0, openRead | openWrite | openCreate}, word)
	f.Add(bytes.Join([][]byte{
		hello, open, packet(typeWrite, text("1"), long, text("data")), packet(typeRead, text("1"), long, []byte{0, 0, 0, 9}),
		packet(typeFsetstat, text("1"), []byte{0, 0, 0, attrSize}, long), packet(typeFstat, text("1")), packet(typeClose, text("1")),
	}, nil))
	f.Add(bytes.Join([][]byte{hello, packet(typeOpendir, text("/")), packet(typeReaddir, text("1")), packet(typeMkdir, text("/d/"), word)}, nil))
	f.Add(bytes.Join([][]byte{
		hello, open, packet(typeRename, text("/f"), text("/g\xe9")), packet(typeSymlink, text("g\xe9"), text("/l")), packet(typeReadlink, text("/l")), packet(typeRealpath, text("../\xff")),
		packet(typeWrite, text("1"), []byte{0, 0, 0, 0, 0, 0, 0, 9}, text("late")), packet(typeSetstat, text("/l"), []byte{0, 0, 0, attrSize}, long), packet(typeRemove, text("/l")),
		packet(typeLstat, text("/g\xe9")), packet(typeClose, text("1")), packet(typeRmdir, text("/")),
	}, nil))
	for name := range extensions {
		f.Add(bytes.Join([][]byte{hello, open, packet(typeExtended, text(name), text("1"), text("md5"), long, long, word)}, nil))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		sess, err := session.New(t.Context(), session.Config{
			Identity: auth.Identity{User: "alice", Permissions: auth.Permissions()}, FS: memfs.New(), Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer sess.Close()
		s := &stream{Reader: bytes.NewReader(in)}
		if err := newChannel(t.Context(), sess, s, maxPayload).serve(); err == nil {
			t.Error("it ended without the end of what the client sends")
		}
		for out := s.out.Bytes(); len(out) > 0; {
			if len(out) < 5 || uint64(len(out)) < 4+uint64(binary.BigEndian.Uint32(out)) {
				t.Fatalf("%x ends within a packet", out)
			}
			out = out[4+binary.BigEndian.Uint32(out):]
		}
	})
}
