// Filegate-auth-users is the authenticator for users in a file. Filegate starts it. See
// authplugins/users.
package main

import (
	"filegate/authplugins/authplugin"
	"filegate/authplugins/users"
)

func main() { authplugin.Serve(users.Kind()) }
