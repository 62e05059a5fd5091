package sftp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

// stream is what a client sends and what it gets.
type stream struct {
	io.Reader
	out bytes.Buffer
}

func (s *stream) Write(p []byte) (int, error) { return s.out.Write(p) }

// packet makes a packet of its type and payload.
func packet(kind byte, payload ...byte) []byte { return framed(append([]byte{kind}, payload...)) }

func str(s string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)
}

func extended(id byte, name string, rest ...byte) []byte {
	return packet(typeExtended, append(append([]byte{0, 0, 0, id}, str(name)...), rest...)...)
}

// copyArgs are the arguments of a copy of 7 bytes from offset 5 of one handle to offset 9 of the other.
func copyArgs(from, to string) []byte {
	number := func(n byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, n} }
	return join(str(from), number(5), number(7), str(to), number(9))
}

func join(packets ...[]byte) []byte { return bytes.Join(packets, nil) }

// answered returns a filter whose library has sent its VERSION, and forgets that.
func answered(t *testing.T, in io.Reader) (*filter, *stream) {
	t.Helper()
	s := &stream{Reader: in}
	f := newFilter(s, maxPayload)
	if _, err := f.Write(packet(typeVersion, 0, 0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	s.out.Reset()
	return f, s
}

func TestFilterRead(t *testing.T) {
	read := packet(5, bytes.Repeat([]byte{7}, 1000)...)
	other := extended(9, "statvfs@openssh.com", str("/")...)
	for _, tt := range []struct {
		name      string
		in        []byte
		want      []byte // for the library
		out       []byte // for the client
		malformed bool
	}{
		{name: "nothing"},
		{name: "others pass", in: join(read, other, read), want: join(read, other, read)},
		{name: "limits is answered", in: join(read, extended(1, "limits@openssh.com"), read), want: join(read, read), out: limits(1, maxPayload)},
		{
			name: "fsync becomes setstat", in: extended(2, "fsync@openssh.com", str("h1")...),
			want: packet(typeFSetStat, join([]byte{0, 0, 0, 2}, str("h1"), []byte{0, 0, 0, 0})...),
		},
		{
			name: "copy-data becomes setstat", in: extended(3, "copy-data", copyArgs("1", "2")...),
			want: packet(typeFSetStat, join([]byte{0, 0, 0, 3}, str("2"), []byte{0x80, 0, 0, 0, 0, 0, 0, 1}, str("copy-data"), str(string(copyArgs("1", "2"))))...),
		},
		{name: "copy-data cut off", in: extended(3, "copy-data", str("1")...), malformed: true},
		{name: "copy-data with more", in: extended(3, "copy-data", append(copyArgs("1", "2"), 0)...), malformed: true},
		{name: "a type alone", in: packet(1), want: packet(1)},
		{name: "empty", in: []byte{0, 0, 0, 0, 0}, malformed: true},
		{name: "too long", in: []byte{0, 4, 0, 1, 5}, malformed: true},
		{name: "extended without name", in: packet(typeExtended, 0, 0, 0, 1), malformed: true},
		{name: "name cut off", in: packet(typeExtended, 0, 0, 0, 1, 0, 0, 0, 9, 'x'), malformed: true},
	} {
		for how, wrap := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader} {
			t.Run(tt.name+"/"+how, func(t *testing.T) {
				f, s := answered(t, wrap(bytes.NewReader(tt.in)))
				got, err := io.ReadAll(f)
				if errors.Is(err, errPacket) != tt.malformed || !tt.malformed && err != nil {
					t.Fatalf("error %v, want a malformed packet: %v", err, tt.malformed)
				}
				if !bytes.Equal(got, tt.want) && !tt.malformed {
					t.Errorf("the library reads %x, want %x", got, tt.want)
				}
				if !bytes.Equal(s.out.Bytes(), tt.out) {
					t.Errorf("the client reads %x, want %x", s.out.Bytes(), tt.out)
				}
			})
		}
	}
}

func TestFilterVersion(t *testing.T) {
	for name, size := range map[string]int{"whole": 100, "in pieces": 2} {
		s := &stream{}
		f := newFilter(s, maxPayload)
		for p := packet(typeVersion, join([]byte{0, 0, 0, 3}, str("hardlink@openssh.com"), str("1"))...); len(p) > 0; {
			n := min(size, len(p))
			if _, err := f.Write(p[:n]); err != nil {
				t.Fatal(err)
			}
			p = p[n:]
		}
		if !bytes.Equal(s.out.Bytes(), versionPacket()) {
			t.Errorf("%s: the client reads %x", name, s.out.Bytes())
		}
	}
}

// What the filter says itself comes between the library's packets, never within one.
func TestFilterInjects(t *testing.T) {
	data := packet(103, bytes.Repeat([]byte{9}, 100)...)
	f, s := answered(t, bytes.NewReader(extended(1, "limits@openssh.com")))
	if _, err := f.Write(data[:13]); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(f); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data[13:]); err != nil {
		t.Fatal(err)
	}
	if want := join(data, limits(1, maxPayload)); !bytes.Equal(s.out.Bytes(), want) {
		t.Errorf("the client reads %x, want %x", s.out.Bytes(), want)
	}
}

// TestFilterQueue gives the library as many WRITEs as there is room for, another when one is answered, and everything else at once.
func TestFilterQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		write := packet(typeWrite, make([]byte, 200<<10)...)
		other := packet(4, 0, 0, 0, 9, 1, 2, 3)
		f, _ := answered(t, bytes.NewReader(join(bytes.Repeat(write, 5), other, write)))
		got := 0
		ended := make(chan error, 1)
		go func() {
			p := make([]byte, 300<<10)
			for {
				n, err := f.Read(p)
				got += n
				if err != nil {
					ended <- err
					return
				}
			}
		}()
		has := func(want int) {
			t.Helper()
			if synctest.Wait(); got != want {
				t.Errorf("the library has %d bytes, want %d", got, want)
			}
		}
		has(5*len(write) + len(other))
		for range 2 { // answers in two pieces, as to a READ
			for _, piece := range [][]byte{{0, 0, 0, 5, 101}, {0, 0, 0, 0}} {
				if _, err := f.Write(piece); err != nil {
					t.Fatal(err)
				}
			}
		}
		has(6*len(write) + len(other))
		if err := <-ended; err != io.EOF {
			t.Errorf("reading ends with %v", err)
		}
	})
}

// TestFilterQueueClosed lets go of a WRITE that nothing makes room for any more.
func TestFilterQueueClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := answered(t, bytes.NewReader(bytes.Repeat(packet(typeWrite, make([]byte, 200<<10)...), 6)))
		ended := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, f)
			ended <- err
		}()
		synctest.Wait()
		f.Close()
		if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("reading ends with %v", err)
		}
	})
}

func TestFilterWantsVersionFirst(t *testing.T) {
	f := newFilter(&stream{Reader: bytes.NewReader(extended(1, "limits@openssh.com"))}, maxPayload)
	if _, err := io.ReadAll(f); !errors.Is(err, errPacket) {
		t.Errorf("limits before VERSION: %v", err)
	}
}

// Whatever a client sends, the filter gives out nothing but whole packets, and answers with whole packets.
func FuzzFilterRead(f *testing.F) {
	f.Add(join(packet(1, 0, 0, 0, 3), extended(1, "limits@openssh.com"), extended(2, "fsync@openssh.com", str("h")...), extended(3, "copy-data", copyArgs("1", "2")...), packet(4, 1, 2, 3)))
	f.Add([]byte{0, 0, 0, 1, 200})
	f.Fuzz(func(t *testing.T, in []byte) {
		fl, s := answered(t, bytes.NewReader(in))
		got, err := io.ReadAll(fl)
		if err == nil && len(got) > 0 && !cutOff(in) {
			whole(t, got)
		}
		whole(t, s.out.Bytes())
	})
}

// cutOff says whether the last packet lacks something.
func cutOff(p []byte) bool {
	for len(p) >= 5 {
		n := 4 + uint64(binary.BigEndian.Uint32(p))
		if n > uint64(len(p)) {
			return true
		}
		p = p[n:]
	}
	return len(p) > 0
}

func whole(t *testing.T, p []byte) {
	t.Helper()
	if cutOff(p) {
		t.Errorf("%x ends within a packet", p)
	}
}
