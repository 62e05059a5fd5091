package keystone_test

import (
	"testing"

	"filegate/authplugins/authtest"
	"filegate/authplugins/keystone"
)

func TestMain(m *testing.M) { authtest.Main(m, keystone.Kind()) }

func TestConformance(t *testing.T) {
	for name, path := range map[string]string{"v3": "/identity/v3", "v2.0": "/v2.0"} {
		t.Run(name, func(t *testing.T) {
			service := newFake(t)
			authtest.Run(t, authtest.Subject{
				Kind:     keystone.Kind(),
				Values:   map[string]any{"auth_url": service.URL + path},
				User:     "demo.demo",
				Password: "demopass",
				Unknown:  "no.body",
				Requests: service.Requests,
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
