package ftp_test

import (
	"net"
	"strings"
	"testing"

	"filegate/frontends/frontendtest"
)

func TestTnftp(t *testing.T) {
	store := memory()
	srv := start(t, store)
	host, port, _ := net.SplitHostPort(srv.Addr)
	dir := t.TempDir()
	big := content(3 << 20)
	write(t, dir, "big", big)
	write(t, dir, "with space", []byte("space"))
	script := strings.Join([]string{
		"user " + frontendtest.User + ` "` + frontendtest.Password + `"`, "binary", "mkdir dir", "cd dir", "put big", `put "with space"`, "rename big large",
		"get large", `size "with space"`, "dir", "nlist", "delete large", "cd ..", "rmdir missing", "quit", "",
	}, "\n")
	r := frontendtest.Run(t, dir, script, "tnftp", "-n", "-i", "-v", host, port)
	succeeds(t, r)
	same(t, "large", read(t, dir, "large"), big)
	same(t, "with space", frontendtest.Read(t, store, "/dir/with space"), []byte("space"))
	if !frontendtest.Missing(t, store, "/dir/large") {
		t.Error("delete has deleted nothing")
	}
	for _, want := range []string{"226 ", "with space\t5", "550 no such file or directory"} {
		if !strings.Contains(r.Stdout, want) {
			t.Errorf("%q is missing in what was shown", want)
		}
	}
}
