// Filegate-auth-users is the authenticator program whose users stand in a file; filegate starts it.
// See authplugins/users.
package main

import (
	"filegate/authplugins/authplugin"
	"filegate/authplugins/users"
)

func main() { authplugin.Serve(users.Kind()) }
