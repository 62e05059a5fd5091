// Package users is the authenticator for users in a file. Each user has passwords, keys and
// certificates of their own, and the credential of a Swift account. So public keys, certificates
// and anonymous read-only access work with any Swift. Package userfile reads the file, and its
// package comment describes it. The command filegate users edits it.
//
// # Logins
//
// A name that is not in the file is auth.ErrUnknownUser, so the next authenticator of a chain is
// asked. With a password, this answer takes as long as one to a wrong password. A name in the file
// is decided here: the login succeeds, or it is refused with auth.ErrDenied.
//
// The methods are passwords, SSH public keys and certificates, and TLS client certificates. A key
// that is not yet verified is checked in the same way, without side effects and without a grant.
//
// # Storage
//
// If a user has a storage, the login and each renewal log in there with the user's credential, by
// the authenticators keystone and swiftv1. If the storage refuses the credential, the login is
// denied, and the log names the storage. A user without a storage gets an empty grant, which is
// enough for a backend that needs none.
//
// A session ends at the next renewal or revalidation after one of these changes:
//
//   - The user is removed from the file, is disabled, or is excluded by its networks or services.
//   - The password or key of the login is removed.
//   - The user gets another storage.
//   - The storage no longer accepts the credential, for example because an application credential
//     of Keystone was deleted.
//
// The gateway asks for a revalidation before it answers a login from its cache (Identity.Confirm).
// So changes in the file apply to new logins at once.
//
// # The file
//
// The file is checked for changes at each login, renewal and revalidation. If a changed file has
// mistakes, the last good one stays in use, and the mistakes are logged once. At the start, a file
// with mistakes is a mistake in the configuration.
//
// # Decisions
//
// The storage is accessed by the authenticators in the packages keystone and swiftv1, only through
// their Kind: they are configured and called as by the gateway. The alternative, further exported
// functions of those packages, would have been a second way to log in, whose retries and options
// must be kept the same.
//
// The number of passwords that are checked at the same time is limited to the number of processors,
// because argon2 needs its memory for each of them.
//
// The suite is authplugins/authtest, and the program is cmd/filegate-auth-users.
package users
