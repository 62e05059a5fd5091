// Filegate-auth-keystone is the authenticator for OpenStack Keystone. Filegate starts it. See
// authplugins/keystone.
package main

import (
	"filegate/authplugins/authplugin"
	"filegate/authplugins/keystone"
)

func main() { authplugin.Serve(keystone.Kind()) }
