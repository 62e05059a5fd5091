// Package keystone is the authenticator for OpenStack's identity service: v3 by password, one-time
// code, application credential and trust; v2.0 by password.
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
//	?.USER                          shows the projects that the user may choose from
//	app=ID                          an application credential by its id; its secret is the password
//	app=NAME.USER                   the same by its name and its owner
//	trust=ID.USER                   what a trust, by its id, gives to the user
//
// The user of the last three may have a domain too. Both separators can be chosen, or be empty:
// then logins have no projects, or no domains. Names may have the separators inside as follows
// (with the usual ones):
//
//   - The user's domain is what follows the last "@", so it may have dots, and a user may be called
//     like a mail address: p.alice@example.com@corp is the user alice@example.com of the domain
//     corp. With nothing after the last "@" it is the default domain: p.alice@example.com@.
//   - Where no project domain is given the project ends at the first ".", and the user may have
//     dots: p.first.last. So does the name of an application credential; one with a dot in it goes
//     by its id.
//   - Where one is given the project ends at the first "@", and the project domain at the last "."
//     before the next "@", so a project domain may have dots, but then a user may not:
//     p@example.com.alice@corp.
//   - Where the first "@" comes before the first ".", what stands between may be a project and is
//     taken for one: alice@example.com is the user com of the project alice in the domain example.
//     Write .alice@example.com.
//
// Each project, user and domain may be given by its id, as id=0123abcd. A project or user of 32
// hexadecimal digits (a user also of 64) without a domain is taken for an id without that, and so
// is the domain "default", which every Keystone has. v2.0 knows neither domains nor the forms with
// a mark: there "@", "=" and "?" mean nothing.
//
// # Second factors
//
// Where the user's rules want a one-time code (TOTP) beside the password, Keystone answers the
// password with a receipt, and the client is asked for the code in a keyboard-interactive step. A
// client that can give only a password may append the code to it: if Keystone refuses the whole and
// the last digits could be a code, it is asked about the rest, and gets the code only if the rest
// makes it want one. A user who needs none cannot write one after his password. Rules that want
// anything else end the login, and the log says what they want. They hold for the user's
// application credentials too, unless one of them names that method.
//
// What the login needs in between (the receipt, and never the password) is sealed, bound to the
// session and the user, good for five minutes at most, and for one answer: a wrong code costs
// another password.
//
// Keystone has no way to renew such a login without another code, so its session lasts as long as
// its token, by Keystone's option expiration in the section token. A token that is asked for with a
// token ends with the first one. An application credential that the login made for itself would
// outlast it, but it would be a second way into the account that its owner did not make and the
// rules want closed. What the client reads when the token has ended says that he has to log in
// again. Jobs that run for long take an application credential of their own.
//
// # What it costs
//
// In requests to Keystone, as TestRequests holds it:
//
//	a login by password or application credential        1
//	a wrong password                                     1, and 1 more if it ends like one with a code
//	a login with a one-time code                         2, and 1 more if the code follows the password
//	a choice of project                                  4, with the first token taken back
//	a renewal                                            1
//	a check whether a login still holds                  1; 3 if its token is no longer good
//	the end of the last session                          1
//
// # Answers
//
// Keystone does not tell an unknown user from a wrong password, a disabled user or a project that
// is not the user's: all of that is auth.ErrDenied, and in a chain nobody is asked after it. It
// does tell that a password has expired, to who knows the password, and so does this package. An
// unknown application credential is a 404, which is a refusal too; any other 404 says that auth_url
// is wrong. What Keystone writes is looked at and never passed on, but for the name of the request,
// by which its own log has it.
//
// A renewal asks for the project by the id that the login got, so that a session stays in one
// storage even if the user's default project changes meanwhile. Login and password travel in the
// grant's renewal, sealed. A login holds as long as Keystone takes its token; a token that has
// ended, or was taken back alone, says nothing about the user, so then the login is tried.
//
// # Decisions
//
// A keyboard-interactive login begins with the password as a password, for which the frontend asks:
// an authenticator that asked by itself would take such logins away from the others in a chain.
//
// The interim token of a choice travels with the client's login, sealed, instead of staying here: a
// program may be killed at any time. That a state was used is kept here, so a state of the program
// before is refused.
//
// The suite is authplugins/authtest, the program cmd/filegate-auth-keystone. Only this package
// knows gophercloud.
package keystone
