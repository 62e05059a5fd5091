// Package examplepython is the example of an authenticator in Python, as text: filegate plugin init begins a project with it.
package examplepython

import _ "embed" // for Program

// Program is filegate-auth-example. The kind of authenticator that it is stands in it as "example".
//
//go:embed filegate-auth-example
var Program string
