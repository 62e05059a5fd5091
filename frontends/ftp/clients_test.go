package ftp_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"filegate/core/testneed"
	"filegate/frontends/frontendtest"
)

const commonsNet = "/usr/share/java/commons-net.jar"

// TestClients has many clients do the same, each in its way: the story is in
// testdata/clients/README.
func TestClients(t *testing.T) {
	for _, tt := range []struct {
		name    string
		needs   []string // a program, and files
		command []string // behind it come the address, the login, and the size of what is there already
		unable  string   // what it cannot do
	}{
		{"lftp", []string{"lftp"}, []string{"bash", "lftp.sh"}, ""},
		{"curl", []string{"curl"}, []string{"bash", "curl.sh"}, ""},
		{"wget", []string{"wget"}, []string{"bash", "wget.sh"}, "put"},
		{"aria2", []string{"aria2c"}, []string{"bash", "aria2.sh"}, "put list"},
		{"ncftp", []string{"ncftpput"}, []string{"bash", "ncftp.sh"}, "reput"}, // it sends the whole file behind REST
		{"tnftp", []string{"tnftp"}, []string{"bash", "tnftp.sh"}, ""},
		{"inetutils-ftp", []string{"inetutils-ftp"}, []string{"bash", "inetutils.sh"}, ""},
		{"rclone", []string{"rclone"}, []string{"bash", "rclone.sh"}, "reput reget"},
		{"ftplib", []string{"/usr/bin/python3"}, []string{"/usr/bin/python3", "python-ftplib.py"}, ""},
		{"aioftp", []string{"/usr/bin/python3", "/usr/lib/python3/dist-packages/aioftp"}, []string{"/usr/bin/python3", "python-aioftp.py"}, ""},
		{"ruby", []string{"ruby"}, []string{"ruby", "netftp.rb"}, ""},
		{"perl", []string{"perl"}, []string{"perl", "netftp.pl"}, ""},
		{"php", []string{"php"}, []string{"php", "ftp.php"}, ""},
		{"basic-ftp", []string{"node", filepath.Join(frontendtest.NodeModules(), "basic-ftp")}, []string{"node", "basic-ftp.js"}, ""},
		{"commons-net", []string{"javac", commonsNet}, []string{"java", "-XX:TieredStopAtLevel=1", "-cp", commonsNet, "CommonsNet.java"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			frontendtest.Program(t, tt.needs[0])
			for _, file := range tt.needs[1:] {
				if _, err := os.Stat(file); err != nil {
					testneed.Missing(t, "%v", err)
				}
			}
			does := func(what string) bool { return !slices.Contains(strings.Fields(tt.unable), what) }
			store := memory()
			srv := start(t, store)
			dir := t.TempDir()
			want := content(300_001)
			half := 100_000
			write(t, dir, "a file", want)
			write(t, dir, "rest file", want[:half])
			frontendtest.Write(t, store, "/half file", want[:half])
			if !does("put") {
				frontendtest.Write(t, store, "/new dir/", nil)
				frontendtest.Write(t, store, "/new dir/renamed file", want)
			}
			host, port, _ := net.SplitHostPort(srv.Addr)
			args := append([]string{}, tt.command[1:]...)
			script, err := filepath.Abs(filepath.Join("testdata", "clients", args[len(args)-1]))
			if err != nil {
				t.Fatal(err)
			}
			args[len(args)-1] = script
			args = append(args, host, port, frontendtest.User, frontendtest.Password, strconv.Itoa(half))
			r := frontendtest.Run(t, dir, "", tt.command[0], args...)
			succeeds(t, r)
			if does("list") && !strings.Contains(r.Stdout, "put file") && !strings.Contains(r.Stdout, "renamed file") {
				t.Errorf("what was listed is\n%s", r.Stdout)
			}
			same(t, "what was put and renamed", frontendtest.Read(t, store, "/new dir/renamed file"), want)
			same(t, "what was fetched", read(t, dir, "back file"), want)
			if !frontendtest.Missing(t, store, "/new dir/gone file") || !frontendtest.Missing(t, store, "/new dir/put file") {
				t.Error("what was deleted or renamed is still there")
			}
			if does("put") && does("reput") {
				same(t, "the upload that went on", frontendtest.Read(t, store, "/half file"), want)
			}
			if does("reget") {
				same(t, "the download that went on", read(t, dir, "rest file"), want)
			}
		})
	}
}
