// Filegate-auth-ldap is the authenticator for users in an LDAP directory. Filegate starts it. See
// authplugins/ldap.
package main

import (
	"filegate/authplugins/authplugin"
	"filegate/authplugins/ldap"
)

func main() { authplugin.Serve(ldap.Kind()) }
