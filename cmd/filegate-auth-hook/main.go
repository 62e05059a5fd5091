// Filegate-auth-hook is the authenticator program that asks a program or a web address of yours;
// filegate starts it. See authplugins/hook.
package main

import (
	"filegate/authplugins/authplugin"
	"filegate/authplugins/hook"
)

func main() { authplugin.Serve(hook.Kind()) }
