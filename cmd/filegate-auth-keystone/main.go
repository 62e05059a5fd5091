// Filegate-auth-keystone is the authenticator program for OpenStack Keystone; filegate starts it.
// See authplugins/keystone.
package main

import (
	"filegate/authplugins/authplugin"
	"filegate/authplugins/keystone"
)

func main() { authplugin.Serve(keystone.Kind()) }
