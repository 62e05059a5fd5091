// Package upstream is what authenticators that ask an HTTP service have in common: the options for reaching it, a client
// that gives secrets to nobody else, and the patience for its failures.
//
// It knows neither Swift nor Keystone, and no logins.
package upstream
