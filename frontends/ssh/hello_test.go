package ssh

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"
)

const testIdentification = protocol + "filegate"

// firstPacket is an SSH_MSG_KEXINIT with lists of ciphers to and from the server.
func firstPacket(in, out string) []byte {
	const padding = 7
	payload := append([]byte{msgKexInit}, make([]byte, 16)...)
	for _, list := range []string{"kex", "hostkey", in, out, "mac", "mac", "none", "none", "", ""} {
		payload = binary.BigEndian.AppendUint32(payload, uint32(len(list)))
		payload = append(payload, list...)
	}
	payload = append(payload, make([]byte, 5)...)
	packet := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))
	packet = append(packet, padding)
	packet = append(packet, payload...)
	return append(packet, make([]byte, padding)...)
}

func TestHello(t *testing.T) {
	const line = "SSH-2.0-OpenSSH_9.2\r\n"
	chacha := "chacha20-poly1305@openssh.com"
	for _, tt := range []struct {
		name string
		sent string
		want []string
	}{
		{"all", line + string(firstPacket(chacha+",aes128-ctr", "aes128-ctr,"+chacha)), []string{chacha, "aes128-ctr"}},
		{"more behind it", line + string(firstPacket("a", "a")) + "more", []string{"a"}},
		{"one direction", line + string(firstPacket("a,b", "b,c")), []string{"b"}},
		{"no carriage return", "SSH-2.0-x\n" + string(firstPacket("a", "a")), []string{"a"}},
		{"long line", "SSH-2.0-" + strings.Repeat("x", 300) + "\r\n" + string(firstPacket("a", "a")), nil},
		{"another packet", line + "\x00\x00\x00\x0c\x04\x02aaaaaaaaaa", nil},
		{"huge packet", line + "\xff\xff\xff\xff\x04\x14", nil},
		{"padding only", line + "\x00\x00\x00\x05\x04\x14aaaa", nil},
		{"lists cut off", line + "\x00\x00\x00\x1a\x04\x14" + strings.Repeat("a", 24), nil},
		{"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", nil},
		{"nothing", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := net.Pipe()
				defer client.Close()
				defer server.Close()
				go func() {
					greeting := make([]byte, len(testIdentification)+2)
					io.ReadFull(client, greeting)
					client.Write([]byte(tt.sent))
				}()
				begin := time.Now()
				c, got, err := hello(server, testIdentification)
				if other := tt.sent != "" && !strings.HasPrefix(tt.sent, "SSH-"); other != errors.Is(err, errNotSSH) {
					t.Errorf("hello ends with %v", err)
				} else if other {
					return
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("ciphers %q, want %q", got, tt.want)
				}
				if waited := time.Since(begin); waited > helloWait {
					t.Errorf("hello waited %v", waited)
				}
				c.SetDeadline(time.Time{})
				seen := make([]byte, len(tt.sent))
				if _, err := io.ReadFull(c, seen); err != nil || string(seen) != tt.sent {
					t.Errorf("the connection then reads as %q, %v; want all that was sent", seen, err)
				}
			})
		})
	}
}

// The library's own identification is not sent twice, and what follows it is sent.
func TestReplayWrite(t *testing.T) {
	for _, tt := range []struct {
		writes []string
		want   string
		fail   bool
	}{
		{writes: []string{"line\r\n", "packet"}, want: "packet"},
		{writes: []string{"line\r\npacket"}, want: "packet"},
		{writes: []string{"other\r\n"}, fail: true},
	} {
		var out bytes.Buffer
		r := &replay{Conn: writerConn{w: &out}, skip: []byte("line\r\n")}
		var failed bool
		for _, w := range tt.writes {
			n, err := r.Write([]byte(w))
			failed = failed || err != nil
			if err == nil && n != len(w) {
				t.Errorf("Write(%q) = %d", w, n)
			}
		}
		if out.String() != tt.want || failed != tt.fail {
			t.Errorf("%q: sent %q, failed %v", tt.writes, out.String(), failed)
		}
	}
}

type writerConn struct {
	net.Conn
	w io.Writer
}

func (c writerConn) Write(p []byte) (int, error) { return c.w.Write(p) }

func TestOffer(t *testing.T) {
	all := ssh.SupportedAlgorithms().Ciphers
	gcm := []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM}
	for _, tt := range []struct {
		client, want []string
	}{
		{[]string{ssh.CipherChaCha20Poly1305, ssh.CipherAES128CTR, ssh.CipherAES256GCM}, gcm},
		{[]string{ssh.CipherChaCha20Poly1305, ssh.CipherAES128CTR}, all},
		{nil, all},
	} {
		if got := offer(tt.client, offered(false).ciphers); !slices.Equal(got, tt.want) {
			t.Errorf("offer(%q) = %q, want %q", tt.client, got, tt.want)
		}
	}
}

func FuzzReadHello(f *testing.F) {
	f.Add([]byte("SSH-2.0-x\r\n" + string(firstPacket("a,b", "b,c"))))
	f.Add([]byte("SSH-2.0-x\r\n\x00\x00\x00\x05\x04\x14aaaa"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if ciphers, err := readHello(bufio.NewReader(bytes.NewReader(data))); err != nil && ciphers != nil {
			t.Errorf("ciphers %q and the error %v", ciphers, err)
		}
	})
}
