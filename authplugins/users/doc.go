// Package users is the authenticator whose users stand in a file: with passwords, keys and
// certificates of their own, and each with the credential of a Swift account to act with. So keys,
// certificates and anonymous read-only work in front of any Swift. What stands in the file is told
// in package userfile, which reads it; the command filegate users edits it.
//
// # Logins
//
// A name that is not in the file is auth.ErrUnknownUser, so the next authenticator of a chain is
// asked, after the work of a wrong password. Whoever is in the file is decided on here: he is let
// in, or refused with auth.ErrDenied.
//
// Methods are passwords, public keys and certificates of SSH, and TLS client certificates. A key
// that is only asked about is looked at as if it were verified, without side effects and without a
// grant.
//
// # Storage
//
// Where a user has a storage, a login logs in there with his credential, by the authenticators
// keystone and swiftv1, and so does a renewal. Where the storage refuses that credential the login
// is denied, and the log says by whom. A user without a storage gets an empty grant, which does for
// a backend that needs none.
//
// A session ends with the next renewal or revalidation after its user is gone from the file,
// disabled, or kept out by what the file says of networks and services; after the password or key
// that it came in by is gone; after the user was given another storage; and after the storage takes
// the credential no more, as when an application credential of Keystone was deleted. The gateway
// asks before it lets a user in again by itself (Identity.Confirm), so that the first of these
// count for new logins at once.
//
// # The file
//
// It is looked at whenever a user logs in or is looked at again. A changed file that is bad changes
// nothing: the last good one stays, and the mistakes go to the log, once. At the start a bad file
// is a mistake in the configuration.
//
// # Decisions
//
// The services of the storage are spoken to by the authenticators in the packages keystone and
// swiftv1, through nothing but their Kind: configured and asked as the gateway would. The
// alternative, functions of theirs beside that, would have been a second way to log in, with
// retries and options to be kept the same.
//
// The password is checked against the hash by as many at a time as there are processors, since
// argon2 takes its memory for each.
//
// The suite is authplugins/authtest, the program cmd/filegate-auth-users.
package users
