package ftp_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"filegate/frontends/frontendtest"
)

// put runs a command that takes data in passive mode, and returns the reply that announces the
// transfer.
func (r *raw) put(command, data string) string {
	r.t.Helper()
	nc := r.data()
	defer nc.Close()
	begin := r.cmd(command, "150")
	if _, err := io.WriteString(nc, data); err != nil {
		r.t.Fatal(err)
	}
	nc.Close()
	r.want("226")
	return begin
}

func TestCommandForms(t *testing.T) {
	srv := start(t, memory())
	r := loginRaw(t, srv.Addr)
	for _, tt := range []struct{ command, want string }{
		{`MKD a"b`, `257 "/a""b" `},
		{"ALLO 100 R 80", "200"},
		{"ALLO 0", "202"},
		{"ALLO 18446744073709551615", "202"},
		{"ALLO x", "501"},
		{"ALLO -1", "501"},
		{"ALLO", "501"},
		{"OPTS MLST Type;Size;", "200 MLST OPTS"},
		{"MODE s", "200"},
		{"MODE B", "504"},
		{"XCUP", "250"},
		{"EPRT |3|x|51201|", "522"},
		{"EPSV 3", "522"},
		{"EPSV 2", "522"},
		{"EPRT x", "501"},
		{"EPRT |1|::1|51201|", "501"},
		{"PORT 1,2,3", "501"},
		{"PORT 127,0,0,1,300,1", "501"},
		{"PORT 127,0,0,1,3,1", "501"},
		{"PORT 127,0,0,2,200,1", "501"},
		{"PORT 127,000,000,001,200,001 ", "200"},
		{"EPRT !1!127.0.0.1!51201!", "200"},
		{"MFF Modify=20200102030405; a\"b", "213"},
		{"MFF Perm=r; x", "504"},
		{"MFF x", "501"},
		{"MFMT x y", "501"},
		{"MFMT", "501"},
		{"RNTO x", "503"},
		{"EPSV ALL", "200"},
		{"PASV", "501"},
		{"PORT 127,0,0,1,200,1", "501"},
	} {
		r.cmd(tt.command, tt.want)
	}
}

// Each failure has the code that clients know what to do with, and no text of Go's.
func TestNoDataConnection(t *testing.T) {
	srv := start(t, memory())
	r := loginRaw(t, srv.Addr)
	for _, command := range []string{"LIST", "NLST", "MLSD", "STOR x"} {
		r.cmd(command, "425")
	}
	r.cmd("NOOP", "200")
}

func TestActiveModeOff(t *testing.T) {
	cfg := config()
	cfg.Active = false
	r := loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
	r.cmd("PORT 127,0,0,1,200,1", "502")
	r.cmd("EPRT |1|127.0.0.1|51201|", "502")
	cfg = config()
	cfg.ActiveDeny = []string{"127.0.0.0/8"}
	r = loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
	r.cmd("PORT 127,0,0,1,200,1", "501")
}

func TestRenameFollowsAtOnce(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	r.put("STOR a", "x")
	r.cmd("RNFR a", "350")
	r.cmd("RNTO /", "5")
	r.cmd("RNFR missing", "550")
	r.cmd("RNTO z", "503")
	r.cmd("RNFR a", "350")
	r.cmd("NOOP", "200")
	r.cmd("RNTO z", "503")
	r.cmd("SIZE a", "213 1")
	r.send("RNFR a\r\nRNTO b\r\n")
	r.want("350")
	r.want("250")
}

func TestUniqueName(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	name, ok := strings.CutPrefix(r.put("STOU", "x"), "150 FILE: ")
	if !ok || r.fetch("RETR "+name) != "x" {
		t.Errorf("the file was said to be stored as %q", name)
	}
	if second := r.put("STOU", "y"); strings.HasSuffix(second, name) {
		t.Error("a second file has the first one's name")
	}
}

func TestListingArguments(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	r.cmd("MKD d", "257")
	for _, name := range []string{"g1.txt", "g2.txt", "g3.csv", ".hidden.txt", "h*.txt", "h1.txt", "d/g4.txt", "-x"} {
		r.put("STOR "+name, "1")
	}
	for command, want := range map[string][]string{
		"NLST g*.txt":      {"g1.txt", "g2.txt"},
		"NLST -1 g?.txt":   {"g1.txt", "g2.txt"},
		"NLST d/*.txt":     {"d/g4.txt"},
		"NLST h*.txt":      {"h*.txt"}, // a file of that name comes first
		"NLST .h*":         {".hidden.txt"},
		"NLST *.none":      nil,
		"NLST -1tFRa -- d": {"d/g4.txt"},
		"NLST -- -x":       {"-x"},
		"NLST -x":          {"-x"},
	} {
		got := strings.Fields(r.fetch(command))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
	if got := r.fetch("LIST *.csv"); !strings.HasSuffix(got, " g3.csv\r\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("LIST *.csv: %q", got)
	}
	for _, command := range []string{"MLSD -archive", "MLSD *.csv", "LIST -archive", "MLST -archive", "NLST none/*.txt"} {
		r.send(command + "\r\n")
		if got := r.want(""); got[0] != '4' && got[0] != '5' {
			t.Errorf("%s: %q", command, got)
		}
	}
}

func TestThreeTries(t *testing.T) {
	srv := start(t, memory())
	r := dialRaw(t, srv.Addr)
	for range 2 {
		r.cmd("USER "+frontendtest.User, "331")
		r.cmd("PASS wrong", "530")
	}
	r.login()
	r.cmd("PWD", "257")
	r.cmd("QUIT", "221")
	r.ended()
	r = dialRaw(t, srv.Addr)
	for range 3 {
		r.cmd("USER "+frontendtest.User, "331")
		r.cmd("PASS wrong", "530")
	}
	r.want("421")
	r.ended()
}

// Python and Ruby send ABOR with its last byte as urgent data, others put commands of telnet in
// front.
func TestUrgentAbort(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	raw, err := r.net.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = unix.Sendto(int(fd), []byte("ABOR\r\n"), unix.MSG_OOB, nil) }); err != nil {
		t.Fatal(err)
	}
	r.want("22")
	for i, command := range []string{"\xff\xf4\xff\xf2ABOR", "\xff\xfb\x01ABOR", "AB\xff\xf1OR", "\xf2ABOR"} {
		r.cmd(command, "22")
		r.cmd(fmt.Sprint("MKD n", i), "257")
	}
}
