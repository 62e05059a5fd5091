package ftp_test

import (
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"filegate/frontends/frontendtest"
)

var (
	opensData = regexp.MustCompile(`(?i)(EPS|PAS|LPS|SPS)V|PORT|EPRT|LPRT`)
	replyLine = regexp.MustCompile(`^[1-5][0-9][0-9][ -]`)
)

// FuzzSession sends whatever it likes over a control connection that has logged in. All of it is
// answered, in clear words, and the server lives.
func FuzzSession(f *testing.F) {
	f.Add([]byte("PWD\r\nRNFR a\r\nRNTO b\r\nFEAT\r\n"))
	f.Add([]byte("MKD d\nCWD d\nSITE UTIME x\nSTAT -la\nSIZE\nTYPE A\nREIN\nUSER alice\n"))
	f.Add([]byte("RETR x\r\nSTOR y\r\nLIST -R *\r\nXCRC a 0 1\r\nHASH a\r\n\xff\xf4\xf2ABOR\r\n"))
	f.Add([]byte("OPTS MLST\r\nMLST /\r\nMFF x=y; z\r\nRANG 0 9\r\nREST 5\r\nALLO 1 R 1\r\nEPSV ALL\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 2000 {
			return
		}
		nc, err := net.Dial("tcp", start(t, memory()).Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(30 * time.Second))
		// Waiting for data connections would take too long.
		sent := opensData.ReplaceAllString(string(in), "XXXX")
		io.WriteString(nc, "USER "+frontendtest.User+"\r\nPASS "+frontendtest.Password+"\r\n"+sent+"\r\nABOR\r\nQUIT\r\n")
		all, err := io.ReadAll(nc)
		if err != nil {
			t.Fatalf("of %q: %v", all, err)
		}
		text := string(all)
		if !strings.HasSuffix(text, "\r\n") {
			t.Errorf("the last line is not whole: %q", text)
		}
		lines := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
		if last := lines[len(lines)-1]; !strings.HasPrefix(last, "221 ") && !strings.HasPrefix(last, "421 ") && !strings.HasPrefix(last, "500 ") {
			t.Errorf("the last reply is %q", last)
		}
		inside := ""
		for _, line := range lines {
			switch {
			case inside != "":
				if strings.HasPrefix(line, inside+" ") {
					inside = ""
				}
			case !replyLine.MatchString(line):
				t.Errorf("%q is no reply", line)
			case line[3] == '-':
				inside = line[:3]
			}
		}
	})
}
