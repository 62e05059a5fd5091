package ftp

import (
	"bytes"
	"compress/zlib"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	"filegate/core/vfs"
)

// FuzzArguments is that no argument of a command does harm, and what is taken of it makes sense.
func FuzzArguments(f *testing.F) {
	for _, arg := range []string{
		"", "127,0,0,1,200,1", "|2|::1|51201|", "!1!127.0.0.1!51201!", "100 R 80", "-la -- dir", "-1tFRa d/*.txt", `"a b" 0 10`, "a b 0 10", "1 0", "5 9223372036854775807",
		"Type;Size;UNIX.mode;", "20200102030405 x", "x 20200102030405 20200102030405 20200102030405 UTC", "Z LEVEL 9", "SHA-1", `"a b" c`, "Modify=20200102030405; x", "022", "EN-us",
	} {
		f.Add(arg)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		clearly := func(r *reply) {
			t.Helper()
			if r == nil {
				return
			}
			text := string(r.bytes())
			if r.code < 200 || r.code > 599 || !strings.HasSuffix(text, "\r\n") || strings.Count(text, "\n") != 1 || strings.ContainsFunc(strings.TrimSuffix(text, "\r\n"), func(c rune) bool { return c < ' ' }) {
				t.Errorf("%q is answered %q", arg, text)
			}
		}
		if to, r := parsePort(arg); r != nil {
			clearly(r)
		} else if again, r := parsePort(portArgument(to)); r != nil || again != to {
			t.Errorf("%q is %v, and that %v", arg, to, again)
		}
		if to, r := parseEPRT(arg); r != nil {
			clearly(r)
		} else if !to.Addr().IsValid() || to.Addr() != netip.MustParseAddr(to.Addr().String()).Unmap() || to.Addr().Zone() != "" {
			t.Errorf("%q is %v", arg, to)
		}
		name, part, r := fileSpan(arg, func(string) bool { return false })
		clearly(r)
		if r == nil && (name == "" || !strings.Contains(arg, name) || part != nil && (part.first < 0 || part.first > part.end)) {
			t.Errorf("%q is the part %v of %q", arg, part, name)
		}
		for _, verb := range []string{"LIST", "NLST"} {
			if l := parseListing(verb, arg); !strings.HasSuffix(arg, l.path) || strings.Trim(l.options, lsOptions) != "" {
				t.Errorf("%q is the path %q with the options %q", arg, l.path, l.options)
			}
		}
		if first, second, ok := twoPaths(arg); ok && (first == "" || second == "" || len(first)+len(second) >= len(arg)) {
			t.Errorf("%q is the paths %q and %q", arg, first, second)
		}
		p := newParameters()
		for _, set := range []func(string) *reply{
			p.setType, p.setMode, p.setRest, p.setSpan, p.allo, p.setHash, p.setLevel, p.siteUmask, p.facts.choose, setStructure, language, clientServerID,
		} {
			clearly(set(arg))
		}
		if p.rest < 0 || p.size < 0 || p.level < 0 || p.level > 9 || p.span != nil && (p.span.first < 0 || p.span.within(1<<40) < 0) {
			t.Errorf("%q makes of the parameters %+v", arg, p)
		}
		if t2, ok := parseTime(arg); ok && t2.Format(factTime) != arg {
			t.Errorf("%q is the time %v", arg, t2)
		}
		appendFacts(nil, vfs.Info{Name: arg}, p.facts)
	})
}

// FuzzText is that text that goes out and comes in again is what it was, but for the ends of lines,
// however it is cut.
func FuzzText(f *testing.F) {
	f.Add([]byte("a\nb\r\n\r\r\nc\r"), uint8(2))
	f.Fuzz(func(t *testing.T, text []byte, step uint8) {
		var out bytes.Buffer
		w := &textWriter{w: &out}
		for rest := text; len(rest) > 0; {
			n := min(len(rest), int(step)+1)
			if wrote, err := w.Write(rest[:n]); wrote != n || err != nil {
				t.Fatalf("Write = %d, %v", wrote, err)
			}
			rest = rest[n:]
		}
		want := strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n", "\r\n")
		if out.String() != want {
			t.Fatalf("%q is sent as %q, want %q", text, &out, want)
		}
		for _, r := range []io.Reader{bytes.NewReader(out.Bytes()), iotest.OneByteReader(bytes.NewReader(out.Bytes())), iotest.DataErrReader(bytes.NewReader(out.Bytes()))} {
			got, err := io.ReadAll(iotest.OneByteReader(&textReader{r: r}))
			if want := strings.ReplaceAll(out.String(), "\r\n", "\n"); string(got) != want || err != nil {
				t.Fatalf("%q is read as %q, %v; want %q", &out, got, err, want)
			}
		}
	})
}

// FuzzInflate is that whatever comes in MODE Z is either whole or an error.
func FuzzInflate(f *testing.F) {
	var whole bytes.Buffer
	z := zlib.NewWriter(&whole)
	z.Write([]byte("content"))
	z.Close()
	f.Add(whole.Bytes())
	f.Add(whole.Bytes()[:whole.Len()-1])
	f.Fuzz(func(t *testing.T, in []byte) {
		s := &dataStream{conn: &dataConn{}, net: &fakeConn{in: bytes.NewReader(in)}, transferParameters: transferParameters{deflated: true}}
		got, err := io.ReadAll(io.LimitReader(s.source(), 1<<20))
		if err != nil && s.failed == nil {
			t.Errorf("the data connection is to blame for %v", err)
		}
		if err == nil && len(got) < 1<<20 {
			r, err := zlib.NewReader(bytes.NewReader(in))
			if err != nil {
				t.Fatal(err)
			}
			if want, err := io.ReadAll(r); !bytes.Equal(got, want) || err != nil {
				t.Errorf("%q was taken for whole: %q, %v", got, want, err)
			}
		}
	})
}
