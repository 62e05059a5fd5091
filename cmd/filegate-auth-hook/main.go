// Filegate-auth-hook is the authenticator that asks a program or a URL of the operator. Filegate
// starts it. See authplugins/hook.
package main

import (
	"filegate/authplugins/authplugin"
	"filegate/authplugins/hook"
)

func main() { authplugin.Serve(hook.Kind()) }
