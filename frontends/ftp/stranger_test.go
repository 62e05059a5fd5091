package ftp_test

import "testing"

func TestHTTPRequest(t *testing.T) {
	srv := start(t, memory())
	for _, line := range []string{"GET / HTTP/1.1", "POST /USER%20x HTTP/1.0", "get /x y HTTP/2"} {
		r := dialRaw(t, srv.Addr)
		r.send(line + "\r\nHost: x\r\n")
		if b, err := r.in.ReadByte(); err == nil {
			t.Errorf("%s: the answer begins with %q", line, b)
		}
	}
	r := loginRaw(t, srv.Addr)
	r.cmd("SIZE a HTTP/1.1", "550") // a name like another
}

func TestCommandsBeforeLogin(t *testing.T) {
	r := dialRaw(t, start(t, memory()).Addr)
	for range 100 {
		r.cmd("FEAT", "211")
	}
	r.cmd("FEAT", "421")
	r.ended()
}
