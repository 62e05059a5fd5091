package ftp_test

import (
	"strings"
	"testing"
)

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

// Errors are in clear words, with no text of Go's or of its library.
func TestClearErrors(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	r.put("STOR file", "x")
	r.cmd("MKD dir", "257")
	for _, verb := range []string{
		"RETR", "STOR", "APPE", "LIST", "NLST", "MLSD", "MLST", "SIZE", "MDTM", "MFMT", "MFF", "DELE", "RMD", "MKD", "CWD", "RNFR", "RNTO", "REST", "ALLO", "AVBL",
		"PORT", "EPRT", "EPSV", "TYPE", "MODE", "STRU", "OPTS", "SITE", "STAT", "PROT", "PBSZ", "AUTH", "COMB", "HASH", "XCRC",
	} {
		for _, arg := range []string{"", "file", "dir", "missing/x", "file/x", "99999999999999999999", "-1", "x y", "|1|x|y|", "1,2,3,4,5,600", "CHMOD 9 file", "20209999999999 file"} {
			r.send(strings.TrimSpace(verb+" "+arg) + "\r\n")
			lines := r.reply()
			for _, goText := range []string{"strconv", "invalid syntax", "value out of range", "parsing", "tcp", "i/o", "%!", "nil", "runtime", "driver", "couldn't", "0x"} {
				if text := strings.ToLower(strings.Join(lines, "\n")); strings.Contains(text, goText) && !strings.HasPrefix(text, "2") {
					t.Errorf("%s %s: %q", verb, arg, lines)
				}
			}
			if strings.HasPrefix(lines[0], "421") {
				t.Errorf("%s %s: %q, and the connection goes on", verb, arg, lines)
			}
		}
	}
	r.cmd("NOOP", "200")
}
