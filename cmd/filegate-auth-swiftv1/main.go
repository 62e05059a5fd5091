// Filegate-auth-swiftv1 is the authenticator for Swift auth 1.0. Filegate starts it. See
// authplugins/swiftv1.
package main

import (
	"filegate/authplugins/authplugin"
	"filegate/authplugins/swiftv1"
)

func main() { authplugin.Serve(swiftv1.Kind()) }
