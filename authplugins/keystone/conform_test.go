package keystone_test

import (
	"testing"

	"filegate/authplugins/authtest"
	"filegate/authplugins/keystone"
)

func TestMain(m *testing.M) { authtest.Main(m, keystone.Kind()) }

func TestConformance(t *testing.T) {
	for name, c := range map[string]struct{ path, user, password string }{
		"v3":                        {"/v3", "demo.demo", "demopass"},
		"v2.0":                      {"/v2.0", "demo.demo", "demopass"},
		"an application credential": {"/v3", "app=backup.demo", "s3cret"},
	} {
		t.Run(name, func(t *testing.T) {
			service := newCloud(t, nil)
			authtest.Run(t, authtest.Subject{
				Kind:     keystone.Kind(),
				Values:   map[string]any{"auth_url": service.URL() + c.path},
				User:     c.user,
				Password: c.password,
				Unknown:  "no.body",
				Requests: func() int { return len(service.Requests()) },
			})
		})
	}
}

func TestConformanceKeystone(t *testing.T) {
	user, project, domain := authtest.Lab(t, "FILEGATE_TEST_KEYSTONE_USER"), authtest.Lab(t, "FILEGATE_TEST_KEYSTONE_PROJECT"), authtest.Lab(t, "FILEGATE_TEST_KEYSTONE_DOMAIN")
	authtest.Run(t, authtest.Subject{
		Kind:     keystone.Kind(),
		Values:   map[string]any{"auth_url": authtest.Lab(t, "FILEGATE_TEST_KEYSTONE")},
		User:     project + "@" + domain + "." + user + "@" + domain,
		Password: authtest.Lab(t, "FILEGATE_TEST_KEYSTONE_PASSWORD"),
		Unknown:  project + ".nobody",
	})
}
