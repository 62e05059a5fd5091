// Package examplepython contains the source of the example authenticator in Python, as text. The
// command filegate plugin init python creates a project with it, through package scaffold. The
// example is for reading and copying, not for production. Its suite is the test of filegate plugin
// init in cmd/filegate.
package examplepython

import _ "embed" // for Program

// Program is filegate-auth-example. The kind of authenticator that it is stands in it as "example".
//
//go:embed filegate-auth-example
var Program string
