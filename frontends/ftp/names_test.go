package ftp_test

import (
	"context"
	"maps"
	"strings"
	"sync"
	"testing"

	"filegate/core/auth"
	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/core/vfs/vfstest"
	"filegate/frontends/frontendtest"
)

func stored(t *testing.T, store vfs.FS, names ...vfs.Path) {
	t.Helper()
	for _, name := range names {
		if _, err := store.Stat(t.Context(), name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestListedNames reaches files by the names that listings show, whatever is in them.
func TestListedNames(t *testing.T) {
	store := memfs.New()
	odd := []string{"new\nline", `new\x0aline`, `new\\x0aline`, "esc\x1b[31m", `back\slash`, "sep\u2028", "caf‛E9", "‛FF‛F4", "‛‛E9", "ünï"}
	for _, name := range odd {
		frontendtest.Write(t, store, vfs.Root.Join(name), []byte("content of "+name))
	}
	r := loginRaw(t, start(t, store).Addr)
	listed := strings.Split(strings.TrimSuffix(r.fetch("NLST"), "\r\n"), "\r\n")
	facts := strings.Split(strings.TrimSuffix(r.fetch("MLSD"), "\r\n"), "\r\n")
	if len(listed) != len(odd) || len(facts) != len(odd) {
		t.Fatalf("%d names are listed as %q and %q", len(odd), listed, facts)
	}
	found := map[string]bool{}
	for i, name := range listed {
		if _, shown, _ := strings.Cut(facts[i], " "); shown != name {
			t.Errorf("MLSD shows %q, and NLST %q", shown, name)
		}
		content := r.fetch("RETR " + name)
		if found[content] {
			t.Errorf("%q leads where another name leads: %q", name, content)
		}
		found[content] = true
		r.cmd("SIZE "+name, "213")
		r.cmd("MLST "+name, "250")
		r.cmd("RNFR "+name, "350")
		r.cmd("RNTO x"+name, "250")
		r.cmd("DELE x"+name, "250")
	}
	if left := vfstest.List(t, store, "/"); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestNamesInBytes takes names that are not UTF-8, and gives them back.
func TestNamesInBytes(t *testing.T) {
	store := memfs.New()
	r := loginRaw(t, start(t, store).Addr)
	if made := r.cmd("MKD d\xe9", "257"); !strings.HasPrefix(made, "257 \"/d\xe9\"") {
		t.Errorf("%q", made)
	}
	r.cmd("CWD d\xe9", "250")
	if at := r.cmd("PWD", "257"); !strings.HasPrefix(at, "257 \"/d\xe9\"") {
		t.Errorf("%q", at)
	}
	r.store("STOR caf\xe9", "x")
	stored(t, store, "/d‛E9/caf‛E9")
	if got := r.fetch("NLST"); got != "caf\xe9\r\n" {
		t.Errorf("NLST: %q", got)
	}
	if got := r.fetch("LIST c*\xe9"); !strings.HasSuffix(got, " caf\xe9\r\n") {
		t.Errorf("LIST with a pattern: %q", got)
	}
	r.cmd("CWD /", "250")
	if got := r.fetch("NLST d\xe9"); got != "d\xe9/caf\xe9\r\n" {
		t.Errorf("NLST of the directory: %q", got)
	}
	if got := r.fetch("RETR d\xe9/caf\xe9"); got != "x" {
		t.Errorf("RETR: %q", got)
	}
	r.cmd("SITE SYMLINK d\xe9/caf\xe9 link\xe8", "200")
	stored(t, store, "/link‛E8")
	r.cmd("OPTS UTF8 ON", "200")
	r.cmd("OPTS UTF8 OFF", "504")
}

func status(r *raw) []string {
	r.send("STAT .\r\n")
	return r.reply()
}

// TestCharset speaks windows-1252, and UTF-8 when the client asks for that.
func TestCharset(t *testing.T) {
	store := memfs.New()
	cfg := config()
	cfg.Charset = "windows-1252"
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: store})
	r := loginRaw(t, srv.Addr)
	if made := r.cmd("MKD d\xe9", "257"); !strings.HasPrefix(made, "257 \"/d\xe9\"") {
		t.Errorf("%q", made)
	}
	r.cmd("CWD d\xe9", "250")
	r.store("STOR 10 \x80", "ten")
	stored(t, store, "/dé/10 €")
	frontendtest.Write(t, store, "/dé/日本", []byte("japan"))
	if got, want := r.fetch("NLST"), "10 \x80\r\n\\u65e5\\u672c\r\n"; got != want {
		t.Errorf("NLST: %q, want %q", got, want)
	}
	if got := r.fetch(`RETR \u65e5\u672c`); got != "japan" {
		t.Errorf("RETR: %q", got)
	}
	if lines := strings.Join(status(r), "\n"); !strings.Contains(lines, "10 \x80") {
		t.Errorf("STAT: %q", lines)
	}
	r.cmd("OPTS UTF8 ON", "200")
	if at := r.cmd("PWD", "257"); !strings.HasPrefix(at, `257 "/dé"`) {
		t.Errorf("%q", at)
	}
	if got := r.fetch("NLST"); got != "10 €\r\n日本\r\n" {
		t.Errorf("NLST in UTF-8: %q", got)
	}
	r.cmd("DELE 日本", "250")
	r.cmd("OPTS UTF8 OFF", "200 Names are in windows-1252.")
	r.cmd("RNFR 10 \x80", "350")
	r.cmd("RNTO 20 \x80", "250")
	stored(t, store, "/dé/20 €")
	r.cmd("REIN", "220")
	r.login()
	r.cmd("CWD d\xe9", "250")
}

// TestCharsetOfPasswords logs in with what is UTF-8 already, and with what is not.
func TestCharsetOfPasswords(t *testing.T) {
	cfg := config()
	cfg.Charset = "ISO-8859-15"
	var mu sync.Mutex
	asked := map[string]int{}
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory(), Login: func(_ context.Context, req auth.Request) (auth.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		asked[req.User+":"+string(req.Password)]++
		return auth.Response{}, auth.ErrDenied
	}})
	for _, user := range []string{"ali\xe7e", "aliçe"} {
		r := dialRaw(t, srv.Addr)
		r.cmd("USER "+user, "331")
		r.cmd("PASS "+strings.Replace(user, "ali", "pw", 1), "530")
	}
	mu.Lock()
	defer mu.Unlock()
	if want := map[string]int{"aliçe:pwçe": 2}; !maps.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
}

func TestCharsetThatCannotBeRead(t *testing.T) {
	cfg := config()
	cfg.Charset = "Shift_JIS"
	r := loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
	r.cmd("CWD \xfd", "501")
	r.cmd("NOOP", "200")
}
