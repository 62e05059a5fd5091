// Package auth is what a login is to filegate: who asks, by which proof, and what an authenticator answers.
//
// An [Authenticator] is a separate program in production, launched and spoken to by package authplugins/authplugin; here is
// only the contract, which a fake in a test can satisfy in ten lines. A frontend builds a [Request] for each step of a
// login; [Chain] asks several authenticators in turn; the [Identity] that comes back carries the [Grant] with which a backend opens the storage.
//
// The package decides nothing about protocols or storage, and keeps no secret longer than a call. Its suite for authenticators is authplugins/authtest.
package auth
