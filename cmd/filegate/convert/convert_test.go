package convert_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/cmd/filegate/convert"
)

var update = flag.Bool("update", false, "write the results of TestGolden to testdata")

// TestGolden converts the files in the directories of testdata. Each has the files of one or both
// servers, and the expected result.
func TestGolden(t *testing.T) {
	dirs, err := filepath.Glob("testdata/*/result.hcl")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no results in testdata, %v", err)
	}
	for _, result := range dirs {
		dir := filepath.Dir(result)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			old, err := filepath.Glob(dir + "/*.conf")
			if err != nil {
				t.Fatal(err)
			}
			var opts convert.Options
			if strings.HasSuffix(dir, "-key") {
				opts.CacheKey = "cache.key"
			}
			var files []*convert.Old
			for i := len(old) - 1; i >= 0; i-- { // sftpcloudfs.conf first
				files = append(files, parse(t, old[i], read(t, old[i])))
			}
			got, err := convert.Convert(opts, files...)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(result, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, result)), string(got)); diff != "" {
				t.Errorf("-want +got, and -update if got is right:\n%s", diff)
			}
		})
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parse(t *testing.T, name string, text []byte) *convert.Old {
	t.Helper()
	o, err := convert.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestParseRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "there must be one section, [sftpcloudfs] or [ftpcloudfs]",
		"[sftpcloudfs]\n[ftpcloudfs]\n": "there must be one section",
		"[other]\nport = 1\n":           "there must be one section",
		"port = 1\n[sftpcloudfs]\n":     `x.conf:1: "port" is above the first section`,
		"[sftpcloudfs]\nb = \xe4\n":     `x.conf:2: "b = \xe4" is not UTF-8`,
		"[sftpcloudfs]\nb = \x00\n":     `x.conf:2: "b = \x00" contains a control character`,
		"[sftpcloudfs]\nport\n":         `x.conf:2: "port" is neither NAME = VALUE nor [SECTION]`,
	} {
		if _, err := convert.Parse("x.conf", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, want %q", text, err, want)
		}
	}
}

func TestConvertRefused(t *testing.T) {
	const sftp, ftp = "[sftpcloudfs]\n", "[ftpcloudfs]\n"
	const url, key = "auth-url = http://x/v1.0\n", "host-key-file = k\n"
	for _, tt := range []struct {
		want  string
		files []string
	}{
		{"give one file", nil},
		{"give one file", []string{sftp + url + key, sftp + url + key}},
		{"give one file", []string{sftp + url + key, ftp + url, ftp + url}},
		{"auth-url is missing", []string{ftp}},
		{"auth-url is missing", []string{sftp + url + key, ftp}},
		{"host-key-file is missing", []string{sftp + url}},
	} {
		var files []*convert.Old
		for _, text := range tt.files {
			files = append(files, parse(t, "x.conf", []byte(text)))
		}
		if _, err := convert.Convert(convert.Options{}, files...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.files, err, tt.want)
		}
	}
}

// FuzzConvert parses and converts arbitrary text. No line of the result may begin with the text of
// a value.
func FuzzConvert(f *testing.F) {
	f.Add("port = 1\nbanner = a\n b ; c\nbind-address: ${x}\"\\\x00\n")
	f.Add("passive-ports = 10000:9000\nlog-file = a\r\nuid=\"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := convert.Parse("x.conf", []byte("[ftpcloudfs]\nauth-url = http://x/v1.0\n"+text))
		if err != nil {
			return
		}
		got, err := convert.Convert(convert.Options{}, o)
		if err != nil {
			return
		}
		for line := range strings.Lines(string(got)) {
			line = strings.TrimSpace(line)
			if strings.ContainsAny(line, "\r\v\f\x00") {
				t.Errorf("%q is not one line", line)
			}
		}
	})
}
