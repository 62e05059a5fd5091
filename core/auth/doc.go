// Package auth defines logins: the client's request with its proof, and the answer of an
// authenticator.
//
// In production, an [Authenticator] is a separate program, which package authplugins/authplugin
// starts and calls. This package has only the contract, which a fake in a test can implement in ten
// lines. A frontend makes a [Request] for each step of a login. A [Chain] asks several
// authenticators in order. The resulting [Identity] contains the [Grant] with which a backend opens
// the storage.
//
// The package decides nothing about protocols or storage, and keeps no secret for longer than a
// call. The suite for authenticators is authplugins/authtest.
package auth
