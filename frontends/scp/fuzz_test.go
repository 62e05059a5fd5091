package scp_test

import (
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/core/vfs/vfstest"
	"filegate/frontends/scp"
)

// FuzzSink is a client that sends arbitrary data. Nothing may be stored outside the target
// directory, and each answer must be valid.
func FuzzSink(f *testing.F) {
	for _, in := range []string{
		"C0644 5 f\nhello\x00", "T1500000000 0 1500000000 0\nD0755 0 d\nC0600 1 f\nx\x00E\n", "D0755 0 ..\nE\n", "C0644 1 ../f\nx\x00", "C0644 99999999999999999999 f\n", "E\n",
		"\x01warning\n\x02end\n", "C0644 1 f\nxyz", "D0755 0 d\nD0755 0 d\nD0755 0 d\nC0644 0 .\n\x00", "C7777 -1 f\n", "T1 1 1 1\nT1 1 1 1\n", "C0644 3 f\nab",
	} {
		f.Add(in, true)
		f.Add(in, false)
	}
	f.Fuzz(func(t *testing.T, in string, recursive bool) {
		store := memfs.New()
		for _, dir := range []vfs.Path{"/in", "/out"} {
			if err := store.Mkdir(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
		}
		sess, err := session.New(t.Context(), session.Config{FS: store, Identity: auth.Identity{User: "alice"}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer sess.Close()
		command := "scp -p -t /in"
		if recursive {
			command = "scp -r -p -t /in"
		}
		var out strings.Builder
		status := scp.Service{}.Serve(t.Context(), sess, command, struct {
			io.Reader
			io.Writer
		}{strings.NewReader(in), &out}, io.Discard)
		if status != 0 && status != 1 {
			t.Errorf("status %d", status)
		}
		for answers := out.String(); answers != ""; {
			kind := answers[0]
			answers = answers[1:]
			if kind == 0 {
				continue
			}
			text, rest, whole := strings.Cut(answers, "\n")
			if kind > 2 || !whole || !strings.HasPrefix(text, "scp: ") {
				t.Fatalf("the client reads %q", out.String())
			}
			answers = rest
		}
		var names []string
		for _, info := range append(vfstest.List(t, store, "/"), vfstest.List(t, store, "/out")...) {
			names = append(names, info.Name)
		}
		if slices.Sort(names); !slices.Equal(names, []string{"in", "out"}) {
			t.Errorf("beside the target are %q", names)
		}
	})
}
