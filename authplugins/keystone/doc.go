// Package keystone is the authenticator for OpenStack's identity service, v3 and v2.0, with passwords.
//
// # Logins
//
// A login names a project and a user, each with its domain where that is not the default one:
//
//	USER                            the user's default project, or that of the option project
//	PROJECT.USER
//	PROJECT.USER@UDOMAIN
//	PROJECT@PDOMAIN.USER
//	PROJECT@PDOMAIN.USER@UDOMAIN
//	.USER@UDOMAIN                   no project, as for USER
//
// Both separators can be chosen. Names may have them inside as follows (with the usual ones):
//
//   - The user's domain is what follows the last "@", so it may have dots, and a user may be called like a mail address:
//     p.alice@example.com@corp is the user alice@example.com of the domain corp.
//     With nothing after the last "@" it is the default domain: p.alice@example.com@.
//   - Where no project domain is given the project ends at the first ".", and the user may have dots: p.first.last.
//   - Where one is given the project ends at the first "@", and the project domain at the last "." before the next "@", so
//     a project domain may have dots, but then a user may not: p@example.com.alice@corp.
//   - Where the first "@" comes before the first ".", what stands between may be a project and is taken for one:
//     alice@example.com is the user com of the project alice in the domain example. Write .alice@example.com.
//
// A project or user of 32 hexadecimal digits (a user also of 64) without a domain is taken for an id, and so is the
// domain "default", which every Keystone has. v2.0 knows no domains: there "@" means nothing.
//
// # Answers
//
// Keystone does not tell an unknown user from a wrong password, nor from a project that is not the user's: all of that is auth.ErrDenied.
// A renewal asks for the project by the id that the login got, so that a session stays in one storage
// even if the user's default project changes meanwhile. Login and password travel in the grant's renewal, sealed.
//
// The suite is authplugins/authtest, the program cmd/filegate-auth-keystone. Only this package knows gophercloud.
package keystone
