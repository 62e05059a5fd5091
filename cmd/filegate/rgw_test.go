package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// radosgw is the real RadosGW of the lab. Its manifests have at most four segments: larger files
// are dynamic large objects there.
func radosgw(t *testing.T, user string) cluster {
	auth := lab(t, "RGW_AUTH")
	return cluster{
		auth:    fmt.Sprintf("auth \"swiftv1\" \"real\" {\n  config { auth_url = %q }\n}\n", auth),
		options: "segment_size = \"1MiB\"\nmax_segment_size = \"1MiB\"\n",
		v1:      auth, user: lab(t, "RGW_"+user), password: lab(t, "RGW_KEY"),
	}
}

// contents returns a file in the work directory with random bytes, and its content.
func (s *site) contents(t *testing.T, name string, size int) []byte {
	t.Helper()
	b := make([]byte, size)
	rand.Read(b)
	write(t, filepath.Join(s.work, name), string(b), 0o600)
	return b
}

// same checks that a client has fetched the content.
func (s *site) same(t *testing.T, name string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(s.work, name))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes (%v), which are not the %d wanted", name, len(got), err, len(want))
	}
}

// TestClientsRGW uses a gateway to a real RadosGW with common clients: small files and both forms
// of large files are uploaded, resumed, read in part, appended to, renamed, copied, replaced and
// removed. No segment stays.
func TestClientsRGW(t *testing.T) {
	t.Parallel()
	s := openSite(t, radosgw(t, "USER"))
	at := "/" + s.container
	small, slo, dlo := s.contents(t, "small", 5000), s.contents(t, "slo", 3<<20+10), s.contents(t, "dlo", 6<<20+10)
	write(t, filepath.Join(s.work, "half"), string(dlo[:2<<20]), 0o600)

	t.Run("sftp", func(t *testing.T) {
		out := s.sftp(t, strings.ReplaceAll(`
-mkdir /ab
mkdir AT/dir
put -p slo AT/dir/slo
put -p dlo AT/dir/ab
rename AT/dir AT/moved
get AT/moved/slo slo.back
get AT/moved/ab dlo.back
put half AT/resumed
reput dlo AT/resumed
get AT/resumed resumed.back
put half AT/appended
put -a dlo AT/appended
rename AT/appended AT/renamed
cp AT/renamed AT/copy
rm AT/renamed
get AT/copy copy.back
put small AT/resumed
-ln -s AT/copy AT/link
-rename AT/copy /ab/copy
ls -l AT
ls -l AT/moved
df AT
`, "AT", at))
		s.same(t, "slo.back", slo)
		s.same(t, "dlo.back", dlo)
		s.same(t, "resumed.back", dlo)
		s.same(t, "copy.back", dlo)
		for _, want := range []string{`5000 .*/resumed\n`, fmt.Sprintf(`%d .*/moved/slo\n`, len(slo)), fmt.Sprintf(`%d .*/moved/ab\n`, len(dlo)), fmt.Sprintf(`%d .*/copy\n`, len(dlo))} {
			if !regexp.MustCompile(want).MatchString(out) {
				t.Errorf("no line of the listing has %q:\n%s", want, out)
			}
		}
		s.sftp(t, strings.ReplaceAll("rm AT/moved/*\nrmdir AT/moved\nrm AT/copy\nrm AT/resumed", "AT", at))
	})
	t.Run("scp", func(t *testing.T) {
		for _, options := range [][]string{{"-p"}, {"-p", "-O"}} {
			s.scp(t, append(options, filepath.Join(s.work, "slo"), "127.0.0.1:"+at+"/scp")...)
			s.scp(t, append(options, "127.0.0.1:"+at+"/scp", filepath.Join(s.work, "scp.back"))...)
			s.same(t, "scp.back", slo)
		}
		s.sftp(t, "rm "+at+"/scp")
	})
	t.Run("lftp", func(t *testing.T) {
		write(t, filepath.Join(s.work, "lftp.back"), string(dlo[:1<<20+5]), 0o600)
		out := s.lftp(t, fmt.Sprintf("cd %s; put half -o f; reput dlo -o f; mv f g; get -c g -o lftp.back; put slo -o ab; get ab -o ab.back; cls -l; rm g ab; cls", at))
		s.same(t, "lftp.back", dlo)
		s.same(t, "ab.back", slo)
		if !strings.Contains(out, fmt.Sprint(len(dlo))) || !strings.Contains(out, fmt.Sprint(len(slo))) {
			t.Errorf("a listing without the sizes %d and %d:\n%s", len(dlo), len(slo), out)
		}
		login := fmt.Sprintf("set net:max-retries 2; set ftp:ssl-allow false; open -u %s,%s ftp://127.0.0.1:%s; ", s.user, s.password, s.ftp)
		if r := s.try(t, "", "lftp", "-c", login+"mkdir /ab"); r.Status == 0 || !strings.Contains(r.Stderr, "fewer than 3 bytes") {
			t.Errorf("mkdir of a container with a short name: status %d, %q", r.Status, r.Stderr)
		}
	})
	t.Run("curl", func(t *testing.T) {
		s.curl(t, "-T", filepath.Join(s.work, "half"), s.ftpURL("f"))
		s.curl(t, "-C", "-", "-T", filepath.Join(s.work, "dlo"), s.ftpURL("f"))
		s.curl(t, "-a", "-T", filepath.Join(s.work, "small"), s.ftpURL("f"))
		want := slices.Concat(dlo, small)
		s.curl(t, "-o", filepath.Join(s.work, "curl.back"), s.ftpURL("f"))
		s.same(t, "curl.back", want)
		s.curl(t, "-r", "1048570-1048599", "-o", filepath.Join(s.work, "range"), s.ftpURL("f"))
		s.same(t, "range", want[1048570:1048600])
		write(t, filepath.Join(s.work, "rest"), string(want[:3<<20]), 0o600)
		s.curl(t, "-C", "-", "-o", filepath.Join(s.work, "rest"), s.ftpURL("f"))
		s.same(t, "rest", want)
		s.curl(t, "-o", os.DevNull, "-Q", "DELE "+at+"/f", s.ftpURL(""))
	})
	t.Run("rclone", func(t *testing.T) {
		password := strings.TrimSpace(s.run(t, "", "rclone", "obscure", s.password))
		rclone := func(args ...string) string {
			return s.run(t, "", "rclone", append([]string{
				"--config", filepath.Join(s.work, "rclone.conf"), "--retries", "1",
				"--sftp-host", "127.0.0.1", "--sftp-port", s.ssh, "--sftp-user", s.user, "--sftp-pass", password,
			}, args...)...)
		}
		tree := filepath.Join(s.work, "tree")
		if err := os.MkdirAll(filepath.Join(tree, "dir"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{"large": dlo, "dir/ünïcödé & space": small, "dir/st*r%41": nil} {
			file, at := filepath.Join(tree, name), time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
			write(t, file, string(content), 0o600)
			if err := os.Chtimes(file, at, at); err != nil {
				t.Fatal(err)
			}
		}
		to := ":sftp:" + at + "/"
		rclone("copy", tree, to+"tree")
		rclone("moveto", to+"tree", to+"moved")
		rclone("check", "--download", tree, to+"moved")
		rclone("copy", to+"moved", filepath.Join(s.work, "rclone.back"))
		sameTree(t, "rclone", tree, filepath.Join(s.work, "rclone.back"), true)
		if out := rclone("cat", "--offset", "2097150", "--count", "10", to+"moved/large"); out != string(dlo[2097150:2097160]) {
			t.Errorf("a part of a file is %q", out)
		}
		rclone("purge", to+"moved")
	})

	storage, token := s.login(t)
	for _, container := range []string{s.container, s.container + "_segments"} {
		if left, status := get(t, storage+"/"+container, token); status < 300 && left != "" {
			t.Errorf("all files were removed, and in %s there is still %q", container, left)
		}
	}
}

// TestClientsRGWQuota exceeds the quota of a user of RadosGW.
func TestClientsRGWQuota(t *testing.T) {
	t.Parallel()
	s := openSite(t, radosgw(t, "QUOTA_USER"))
	at := "/" + s.container
	s.contents(t, "large", 17<<20)
	for _, tt := range []struct {
		what string
		args []string
	}{
		{"552", []string{"curl", "-sSv", "-T", filepath.Join(s.work, "large"), s.ftpURL("large")}},
		{"quota leaves", append([]string{"scp", "-O"}, s.sshArgs(filepath.Join(s.work, "large"), "127.0.0.1:"+at+"/large")...)},
	} {
		if r := s.try(t, "", tt.args[0], tt.args[1:]...); r.Status == 0 || !strings.Contains(r.Stderr, tt.what) {
			t.Errorf("%s: status %d, %q, want a word about the quota", tt.args[0], r.Status, r.Stderr)
		}
	}
	if out := s.sftp(t, "df "+at); !strings.Contains(out, "16384 ") {
		t.Errorf("df shows another quota than 16 MiB:\n%s", out)
	}
}
