package swift

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/core/backend"
)

func TestValidate(t *testing.T) {
	dir := t.TempDir()
	notPEM := filepath.Join(dir, "not.pem")
	if err := os.WriteFile(notPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		change    func(*Config)
		attribute string // empty: nothing is reported
	}{
		{"the defaults", func(*Config) {}, ""},
		{"everything at its least", func(c *Config) {
			c.SegmentSize, c.ReadAhead, c.Memory, c.Patience, c.Stall, c.UploadConcurrency = 256*kib, 256*kib, 16*mib, 0, time.Second, 1
		}, ""},
		{"everything at its most", func(c *Config) {
			c.SegmentSize, c.MaxSegmentSize, c.ReadAhead, c.UploadConcurrency = 5*gib, 5*gib, gib, 64
		}, ""},
		{"endpoints", func(c *Config) {
			c.AllowedEndpoints = []string{"https://swift.example.net", "http://[::1]:8080/v1/AUTH_a"}
		}, ""},
		{"an endpoint without a scheme", func(c *Config) { c.AllowedEndpoints = []string{"swift.example.net"} }, "allowed_endpoints"},
		{"an endpoint with a user", func(c *Config) { c.AllowedEndpoints = []string{"https://me@swift.example.net"} }, "allowed_endpoints"},
		{"segments of nothing", func(c *Config) { c.SegmentSize = 0 }, "segment_size"},
		{"small segments", func(c *Config) { c.SegmentSize = 256*kib - 1 }, "segment_size"},
		{"segments beyond Swift's largest object", func(c *Config) { c.SegmentSize = 5*gib + 256*kib }, "segment_size"},
		{"segments of half a block", func(c *Config) { c.SegmentSize = mib + 1 }, "segment_size"},
		{"segments that shrink", func(c *Config) { c.MaxSegmentSize = 8 * mib }, "max_segment_size"},
		{"segments that grow too large", func(c *Config) { c.MaxSegmentSize = 6 * gib }, "max_segment_size"},
		{"negative largest segment", func(c *Config) { c.MaxSegmentSize = -1 }, "max_segment_size"},
		{"nothing sent at a time", func(c *Config) { c.UploadConcurrency = 0 }, "upload_concurrency"},
		{"too much sent at a time", func(c *Config) { c.UploadConcurrency = 65 }, "upload_concurrency"},
		{"little memory", func(c *Config) { c.Memory = 16*mib - 1 }, "memory"},
		{"negative memory", func(c *Config) { c.Memory = -1 }, "memory"},
		{"no reading ahead", func(c *Config) { c.ReadAhead = 0 }, "read_ahead"},
		{"reading far ahead", func(c *Config) { c.ReadAhead = gib + 1 }, "read_ahead"},
		{"negative patience", func(c *Config) { c.Patience = -1 }, "patience"},
		{"no time at all", func(c *Config) { c.Stall = 0 }, "stall_timeout"},
		{"a bare number, which is in nanoseconds", func(c *Config) { c.Stall = 30 }, "stall_timeout"},
		{"the old form of large files", func(c *Config) { c.LargeObjects = "dlo" }, ""},
		{"another form of large files", func(c *Config) { c.LargeObjects = "zip" }, "large_objects"},
		{"no form of large files", func(c *Config) { c.LargeObjects = "" }, "large_objects"},
		{"no checksums", func(c *Config) { c.Digests = nil }, ""},
		{"all checksums", func(c *Config) { c.Digests = []string{"md5", "sha256"} }, ""},
		{"another checksum", func(c *Config) { c.Digests = []string{"md5", "crc32"} }, "digests"},
		{"missing certificates", func(c *Config) { c.CAFile = filepath.Join(dir, "missing.pem") }, "ca_file"},
		{"certificates that are none", func(c *Config) { c.CAFile = notPEM }, "ca_file"},
		{"aliases", func(c *Config) { c.Aliases = map[string]string{"a": "AUTH_x/c", "b": "AUTH_x"} }, ""},
		{"an alias of two elements", func(c *Config) { c.Aliases = map[string]string{"a/b": "AUTH_x/c"} }, "aliases"},
		{"an alias that looks like an account", func(c *Config) { c.Aliases = map[string]string{"@a": "AUTH_x/c"} }, "aliases"},
		{"an alias of nothing", func(c *Config) { c.Aliases = map[string]string{"a": ""} }, "aliases"},
		{"an alias of a directory", func(c *Config) { c.Aliases = map[string]string{"a": "AUTH_x/c/d"} }, "aliases"},
		{"negative connections", func(c *Config) { c.MaxConnections = -1 }, "max_connections"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := DefaultConfig()
			tt.change(cfg)
			var got []string
			cfg.Validate(func(attribute, summary, detail string) {
				got = append(got, attribute)
				if summary == "" || detail == "" {
					t.Errorf("%s: %q: %q: both are to say something", attribute, summary, detail)
				}
			})
			switch {
			case tt.attribute == "" && len(got) > 0, tt.attribute != "" && (len(got) != 1 || got[0] != tt.attribute):
				t.Errorf("reported %q, want %q", got, tt.attribute)
			}
		})
	}
}

// TestValidateReportsEverything validates a configuration with several mistakes.
func TestValidateReportsEverything(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Insecure, cfg.CAFile, cfg.Stall, cfg.MaxConnections = true, "/missing.pem", 0, -1
	got := map[string]bool{}
	cfg.Validate(func(attribute, _, _ string) { got[attribute] = true })
	for _, want := range []string{"insecure", "ca_file", "stall_timeout", "max_connections"} {
		if !got[want] {
			t.Errorf("%s is not reported", want)
		}
	}
}

func TestNew(t *testing.T) {
	cfg := DefaultConfig()
	cfg.SegmentSize = 128 * mib
	b, err := newBackend(*cfg, backend.Env{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if b.cfg.MaxSegmentSize != 128*mib || b.cfg.Memory < buffers.MinMemory {
		t.Errorf("segments grow to %d, memory is %d", b.cfg.MaxSegmentSize, b.cfg.Memory)
	}
	cfg.CAFile = filepath.Join(t.TempDir(), "missing.pem")
	if b, err := cfg.New(backend.Env{Log: slog.New(slog.DiscardHandler)}); err == nil || b != nil {
		t.Errorf("New with missing certificates = %v, %v", b, err)
	}
	if Kind().Name != "swift" || Kind().Config() == Kind().Config() {
		t.Error("each configuration is to have a Config of its own")
	}
}
