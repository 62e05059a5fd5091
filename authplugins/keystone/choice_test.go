package keystone_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/auth"
)

// TestChooseProject checks that the user is shown the projects and logged in to the chosen one.
func TestChooseProject(t *testing.T) {
	for _, answer := range []string{"1", "demo", " demo ", "2", "demo2"} {
		c := newCloud(t, nil)
		resp, err := c.try("?.harry@default", "harrypass")
		if err != nil || resp.Next == nil {
			t.Fatalf("got %+v, %v, want a step", resp, err)
		}
		step := resp.Next
		if step.Instruction != "  1  demo\n  2  demo2\n" || len(step.Prompts) != 1 || !step.Prompts[0].Echo {
			t.Errorf("step %+v", step)
		}
		want := "demo"
		if strings.Contains(answer, "2") {
			want = "demo2"
		}
		n := c.counted(func() {
			if resp, err = c.answer("?.harry@default", step, answer); err != nil || resp.Identity == nil {
				t.Fatalf("%q: got %+v, %v", answer, resp, err)
			}
		})
		if n[swifttest.Login] != 1 || n[swifttest.RevokeToken] != 1 {
			t.Errorf("asked %v, want one login and the first token taken back", n)
		}
		id := resp.Identity
		if id.Groups[0] != want || !strings.HasSuffix(id.Grant.Endpoint, "/AUTH_"+want) {
			t.Errorf("%q: got %+v, want %s", answer, id, want)
		}
		c.Revoke()
		fresh, err := c.a.Renew(t.Context(), id.Grant)
		if err != nil || fresh.Endpoint != id.Grant.Endpoint {
			t.Errorf("%q: renewed for %q, %v, want the project that was chosen", answer, fresh.Endpoint, err)
		}
	}
}

func TestChooseProjectRefused(t *testing.T) {
	c := newCloud(t, nil)
	for _, answer := range []string{"", "0", "3", "-1", "test2", "demo3", "9999999999999999999999"} {
		resp, err := c.try("?.harry", "harrypass")
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := c.answer("?.harry", resp.Next, answer); !errors.Is(err, auth.ErrDenied) || auth.ClientText(err) == "" {
			t.Errorf("%q: got %+v, %v, want %v with a text for the client", answer, resp, err, auth.ErrDenied)
		}
	}
	if _, err := c.try("?.harry", "wrong"); !errors.Is(err, auth.ErrDenied) || auth.ClientText(err) != "" {
		t.Errorf("with a wrong password: got %v, want %v and no list", err, auth.ErrDenied)
	}
}

// TestChooseProjectFTP checks that an FTP client, which cannot be asked, gets the list in the
// refusal.
func TestChooseProjectFTP(t *testing.T) {
	c := newCloud(t, nil)
	var err error
	n := c.counted(func() {
		_, err = c.try("?.harry", "harrypass", func(r *auth.Request) { r.Service = "ftp" })
	})
	if text := auth.ClientText(err); !errors.Is(err, auth.ErrDenied) || text != "Log in as PROJECT.USER. The projects are: demo, demo2" {
		t.Errorf("got %v with the text %q", err, text)
	}
	if n[swifttest.RevokeToken] != 1 {
		t.Errorf("asked %v, want the token taken back", n)
	}
}

// TestChooseProjectWithFactor checks that the second factor comes before the choice.
func TestChooseProjectWithFactor(t *testing.T) {
	c := newCloud(t, nil)
	resp, err := c.try("?.otto", "ottopass")
	if err != nil {
		t.Fatal(err)
	}
	if resp, err = c.answer("?.otto", resp.Next, code()); err != nil || resp.Next == nil {
		t.Fatalf("the code: got %+v, %v, want the projects", resp, err)
	}
	if resp, err = c.answer("?.otto", resp.Next, "demo2"); err != nil || resp.Identity == nil || resp.Identity.Groups[0] != "demo2" || resp.Identity.CacheFor != 0 {
		t.Fatalf("the project: got %+v, %v", resp, err)
	}
	if _, err := c.a.Renew(t.Context(), resp.Identity.Grant); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("renewal: got %v, want %v", err, auth.ErrDenied)
	}
}

// TestNoDefaultProject checks that without a default project the client is told what to do.
func TestNoDefaultProject(t *testing.T) {
	c := newCloud(t, nil)
	_, err := c.try("demo", "demopass")
	if text := auth.ClientText(err); !errors.Is(err, auth.ErrDenied) || !strings.Contains(text, "PROJECT.USER") || !strings.Contains(text, "?.USER") {
		t.Errorf("got %v with the text %q", err, text)
	}
}

// TestManyProjects checks that the list stays short and printable, with any number of projects and
// any names.
func TestManyProjects(t *testing.T) {
	names := []string{"\x1b[31mred\r\n", "größe"}
	for i := range 500 {
		names = append(names, fmt.Sprintf("project-with-a-longer-name-%03d", i))
	}
	srv := swifttest.Start(t, swifttest.Config{Users: []swifttest.User{{Account: "a", Name: "many", Key: "pw", Projects: names}}})
	c := &cloud{Server: srv, t: t, a: configured(t, srv.KeystoneURL(), nil)}
	resp, err := c.try("?.many", "pw")
	if err != nil {
		t.Fatal(err)
	}
	list := resp.Next.Instruction
	if len(list) > 4<<10 || strings.ContainsAny(list, "\x1b\r") || !strings.HasPrefix(list, "  1  ") {
		t.Errorf("list of %d bytes: %.200q", len(list), list)
	}
	if !strings.Contains(list, "more") {
		t.Errorf("the list does not say that there are more: …%q", list[len(list)-100:])
	}
}
