package swiftv1_test

import (
	"testing"

	"filegate/authplugins/authtest"
	"filegate/authplugins/swiftv1"
)

func TestMain(m *testing.M) { authtest.Main(m, swiftv1.Kind()) }

func TestConformance(t *testing.T) {
	service := newFake(t)
	authtest.Run(t, authtest.Subject{
		Kind:     swiftv1.Kind(),
		Values:   map[string]any{"auth_url": service.URL + "/auth/v1.0"},
		User:     "test:tester",
		Password: "testing",
		Unknown:  "test:nobody",
		Requests: service.Requests,
	})
}

func TestConformanceSwift(t *testing.T) {
	authtest.Run(t, authtest.Subject{
		Kind:     swiftv1.Kind(),
		Values:   map[string]any{"auth_url": authtest.Lab(t, "FILEGATE_TEST_SWIFT_AUTH")},
		User:     authtest.Lab(t, "FILEGATE_TEST_SWIFT_USER"),
		Password: authtest.Lab(t, "FILEGATE_TEST_SWIFT_KEY"),
		Unknown:  "test:nobody",
	})
}
