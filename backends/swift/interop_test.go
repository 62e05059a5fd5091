package swift

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/core/testneed"
	"filegate/core/vfs"
)

// otherClient is another program that stores files in Swift, in one of its forms.
type otherClient struct {
	name   string
	upload func(c *interop, local, container string)
	needs  string // a flag of rclone that older versions lack
	// foreign is a container for its segments whose name does not show that. Filegate leaves the
	// segments there: any object could name them as its own.
	foreign string
	size    int // of the files; 0: three segments of the program
}

func otherClients() []otherClient {
	const chunk = "1048576"
	swift := func(more ...string) func(*interop, string, string) {
		return func(c *interop, local, container string) {
			c.swift(append(append([]string{"upload", "--object-name", filepath.Base(local), "-S", chunk}, more...), container, local)...)
		}
	}
	rclone := func(more ...string) func(*interop, string, string) {
		return func(c *interop, local, container string) {
			c.rclone(append([]string{"copy", "--swift-chunk-size", "1Mi", local, ":swift:" + container}, more...)...)
		}
	}
	return []otherClient{
		{name: "swift, DLO", upload: swift()},
		{name: "swift, SLO", upload: swift("--use-slo")},
		{name: "swift, DLO elsewhere", upload: swift("--segment-container", "interop-elsewhere"), foreign: "interop-elsewhere"},
		{name: "swift, SLO elsewhere", upload: swift("--use-slo", "--segment-container", "interop-elsewhere2"), foreign: "interop-elsewhere2"},
		{name: "rclone, chunked", upload: rclone()},
		{name: "rclone, not chunked", upload: rclone("--swift-no-chunk", "--swift-chunk-size", "1Gi")},
		{name: "rclone, segments beside", upload: rclone("--swift-use-segments-container=false"), needs: "--swift-use-segments-container"},
		{name: "rclone, segments container", upload: rclone("--swift-use-segments-container=true"), needs: "--swift-use-segments-container"},
	}
}

// multipart is a client of the S3 API of RadosGW. Its uploads in parts are plain objects in Swift's
// API, with an ETag that is not an MD5.
func multipart(key string) otherClient {
	return otherClient{name: "S3 multipart", size: 5*mib + 500, upload: func(c *interop, local, container string) {
		endpoint, _, _ := strings.Cut(c.authURL, "/auth/")
		c.run("rclone", "--config", "/dev/null", "copyto", "--s3-provider", "Ceph", "--s3-endpoint", endpoint, "--s3-access-key-id", key, "--s3-secret-access-key", c.key,
			"--s3-chunk-size", "5Mi", "--s3-upload-cutoff", "5Mi", local, ":s3:"+container+"/"+local)
	}}
}

// interop is a container of the real store that filegate and other programs use.
type interop struct {
	*fake
	account
	t      *testing.T
	local  string
	listed []string // containers with segments, beside that of the test
}

func (c *interop) run(name string, args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(c.t.Context()), name, args...)
	cmd.Dir = c.local
	cmd.Env = append(os.Environ(), "ST_AUTH="+c.authURL, "ST_USER="+c.user, "ST_KEY="+c.key)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func (c *interop) swift(args ...string) string {
	c.t.Helper()
	return c.run("/usr/bin/swift", args...)
}

func (c *interop) rclone(args ...string) string {
	c.t.Helper()
	login := []string{"--config", "/dev/null", "--swift-auth", c.authURL, "--swift-user", c.user, "--swift-key", c.key, "--swift-auth-version", "1"}
	return c.run("rclone", append(login, args...)...)
}

// write stores a file through filegate.
func (c *interop) write(p vfs.Path, data []byte, opts vfs.WriteOptions) {
	c.t.Helper()
	w, err := c.OpenWriter(c.t.Context(), p, opts)
	if err != nil {
		c.t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.ReadFrom(bytes.NewReader(data)); err != nil {
		c.t.Fatal(err)
	}
	if _, err := w.Commit(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// agree reads a file with the other programs.
func (c *interop) agree(base string, want []byte, rule string) {
	c.t.Helper()
	container := c.dir.Base()
	c.has(c.t, c.dir.Join(base), want, rule)
	c.swift("download", container, base, "-o", "downloaded")
	got, err := os.ReadFile(filepath.Join(c.local, "downloaded"))
	if err != nil || !bytes.Equal(got, want) {
		c.t.Errorf("swift downloads %d bytes (%v), which are not the %d wanted: %s", len(got), err, len(want), rule)
	}
	if err := os.WriteFile(filepath.Join(c.local, "there", base), want, 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.rclone("check", "--download", "--include", base, "there", ":swift:"+container)
}

// objects returns the objects in the container and in those for segments.
func (c *interop) objects() []string {
	c.t.Helper()
	var all []string
	for _, container := range append([]string{c.dir.Base()}, c.listed...) {
		for _, name := range c.objectsIn(c.t, container) {
			all = append(all, container+"/"+name)
		}
	}
	return all
}

// TestInterop has filegate read, list, append to, rename, replace and remove the large files of
// other programs on the real Swift. The other programs read what filegate has made, and no segment
// stays in a container that is known to be for segments.
func TestInterop(t *testing.T) { testInterop(t, realSwift(t), otherClients(), true) }

// TestInteropRGW is TestInterop for a real RadosGW, with one program for each form. With
// FILEGATE_TEST_RGW_ALL=1 it has all programs.
func TestInteropRGW(t *testing.T) {
	a := realCeph(t)
	key := os.Getenv("FILEGATE_TEST_RGW_S3_KEY")
	if key == "" {
		testneed.Missing(t, "no key for the S3 API of RadosGW: FILEGATE_TEST_RGW_S3_KEY is not set")
	}
	clients := otherClients()
	if os.Getenv("FILEGATE_TEST_RGW_ALL") == "" {
		clients = slices.DeleteFunc(clients, func(c otherClient) bool { return c.name != "swift, SLO" && c.name != "rclone, chunked" })
	}
	testInterop(t, a, append(clients, multipart(key)), false)
}

// testInterop tests each of the clients. listsSLO reports whether the store lists static large
// objects with their sizes, for which rclone makes no HEAD.
func testInterop(t *testing.T, a account, clients []otherClient, listsSLO bool) {
	for _, program := range []string{"/usr/bin/swift", "rclone"} {
		if _, err := exec.LookPath(program); err != nil {
			testneed.Missing(t, program+" is not installed")
		}
	}
	flags, err := exec.CommandContext(t.Context(), "rclone", "help", "flags").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range clients {
		t.Run(other.name, func(t *testing.T) {
			if other.needs != "" && !strings.Contains(string(flags), other.needs) {
				t.Skip("this rclone is too old: it has no " + other.needs)
			}
			t.Parallel()
			f := openFS(t, a, nil)
			c := &interop{fake: &fake{FS: f, dir: makeContainer(t, f)}, account: a, t: t, local: t.TempDir()}
			own := api.Name{Container: c.dir.Base()}
			c.listed = []string{own.SegmentsContainer().Container, own.Container + "+segments"}
			if other.foreign != "" {
				c.listed = append(c.listed, other.foreign)
				t.Cleanup(func() { c.swift("delete", other.foreign) })
			}
			if err := os.Mkdir(filepath.Join(c.local, "there"), 0o700); err != nil {
				t.Fatal(err)
			}
			at := time.Unix(1_500_000_000, 0)
			content := apitest.Noise(max(other.size, 2*mib+500))
			for _, base := range []string{"file", "replaced", "removed"} {
				local := filepath.Join(c.local, base)
				if err := os.WriteFile(local, content, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(local, at, at); err != nil {
					t.Fatal(err)
				}
				other.upload(c, base, own.Container)
			}

			infos, err := listAll(t.Context(), f, c.dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, info := range infos {
				if info.Size != int64(len(content)) || info.ModTime.Sub(at).Abs() > time.Second {
					t.Errorf("%s is listed with %d bytes and the time %v, want %d and %v", info.Name, info.Size, info.ModTime, len(content), at)
				}
			}
			if len(infos) != 3 {
				t.Errorf("%d entries are listed, want 3", len(infos))
			}
			c.has(t, c.dir.Join("file"), content, "it was stored by "+other.name)

			c.write(c.dir.Join("file"), []byte("more"), vfs.WriteOptions{Offset: vfs.AtEnd})
			longer := append(bytes.Clone(content), "more"...)
			c.has(t, c.dir.Join("file"), longer, "it was appended to")
			if err := f.Rename(t.Context(), c.dir.Join("file"), c.dir.Join("renamed"), vfs.RenameOptions{}); err != nil {
				t.Fatal(err)
			}
			c.agree("renamed", longer, "it was appended to and renamed")
			c.write(c.dir.Join("replaced"), []byte("small"), replace)
			c.has(t, c.dir.Join("replaced"), []byte("small"), "it was replaced")
			switch {
			case other.foreign != "" && listsSLO:
				c.agree("removed", content, "other files of the program were changed")
			case other.foreign != "":
				c.has(t, c.dir.Join("removed"), content, "other files of the program were changed")
			}
			for _, base := range []string{"renamed", "removed", "replaced"} {
				if err := f.Remove(t.Context(), c.dir.Join(base)); err != nil {
					t.Fatal(err)
				}
			}
			for _, left := range c.objects() {
				if other.foreign == "" || !strings.HasPrefix(left, other.foreign+"/") {
					t.Errorf("after all files were removed there is still %q", left)
				}
			}
		})
	}
}
