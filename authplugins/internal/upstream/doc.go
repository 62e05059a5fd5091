// Package upstream contains what authenticators that ask an HTTP service have in common: the
// options for the service, a client that sends secrets to this service only, and retries after
// failures.
//
// It knows neither Swift nor Keystone, and no logins. It has no tests of its own; the tests of
// swiftv1, keystone and hook cover it.
package upstream
