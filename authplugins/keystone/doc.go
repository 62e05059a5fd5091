// Package keystone is the authenticator for Keystone, the identity service of OpenStack. With
// version 3 of the API it accepts passwords, one-time codes, application credentials and trusts;
// with version 2.0 only passwords.
//
// # Logins
//
// A login name consists of a project and a user. A domain may follow each of them, unless it is the
// default domain:
//
//	USER                            the user's default project, or that of the option project
//	PROJECT.USER
//	PROJECT.USER@UDOMAIN
//	PROJECT@PDOMAIN.USER
//	PROJECT@PDOMAIN.USER@UDOMAIN
//	.USER@UDOMAIN                   no project, as for USER
//	?.USER                          shows the projects that the user may choose from
//	app=ID                          an application credential by its id, with its secret
//	app=NAME.USER                   an application credential by its name and its owner
//	trust=ID.USER                   a trust by its id; the user is the trustee
//	ec2=ACCESS                      an EC2 credential by its access key, with its secret
//
// The password for an application credential is its secret. In the forms with "?", app=NAME and
// trust= the user may have a domain too. Both separators can be configured. An empty separator
// means that logins have no projects, or no domains. Names may contain the separators, by these
// rules (with the usual separators):
//
//   - The domain of the user follows the last "@". So it may contain dots, and the name of a user
//     may be an email address: p.alice@example.com@corp is the user alice@example.com of the domain
//     corp. If the login ends with "@", the user is in the default domain: p.alice@example.com@.
//   - Without a project domain, the project ends at the first ".", and the user may contain dots:
//     p.first.last. The same holds for the name of an application credential; a credential with a
//     dot in its name must be given by its id.
//   - With a project domain, the project ends at the first "@", and the project domain at the last
//     "." before the next "@". So a project domain may contain dots, but then the user may not:
//     p@example.com.alice@corp.
//   - If the first "@" comes before the first ".", the text before it is taken for a project:
//     alice@example.com is the user com of the project alice in the domain example. Use
//     .alice@example.com instead.
//
// A project, user or domain can be given by its id, as id=0123abcd. A project or user without a
// domain is taken for an id even without "id=", if it consists of 32 hexadecimal digits (for a
// user, also 64). So is the domain "default", which every Keystone has. Version 2.0 has neither
// domains nor the forms with "?", "app=" and "trust=": they have no special meaning there, and only
// a project can be given by its id.
//
// # EC2 credentials
//
// With the option ec2, "ec2=" is the prefix of an access key, and a name of exactly 32 hexadecimal
// digits is an access key instead of a user's id. The password is the secret, which signs a request
// and is not sent. Newer versions of Keystone check such requests only for a service account with
// the role service, or for an administrator: ec2_service_login. Its token is kept in memory.
//
// Keystone does not revoke the tokens of an EC2 credential that is deleted, so a check whether such
// a login is still valid logs in again. These logins need no second factor, whatever the rules of
// the user say; so do not set ec2 if users must have one.
//
// # Access rules
//
// An application credential may have access rules, which Swift checks if the section authtoken of
// its configuration has service_type = object-store and include_service_catalog = true. Without
// service_type, Swift refuses all requests of such logins. Without the catalog, it answers 500. To
// list and read, a login needs GET and HEAD for /v1/**; to write also PUT, POST and DELETE for it,
// and COPY to rename. Swift answers a forbidden request as one with an invalid token, so the login
// is renewed before the client is told that permission is denied. Keystone does not revoke the
// tokens of such logins at the end of the session: they end with their time.
//
// # Second factors
//
// If the user's rules require a one-time code (TOTP) in addition to the password, Keystone answers
// the password with a receipt, and the authenticator asks the client for the code in a
// keyboard-interactive step. A client that can send only a password may append the code to the
// password. If Keystone refuses the whole text, and its last digits could be a code, the
// authenticator tries the rest as the password, and sends the code only if Keystone then requires
// one. So a user without a second factor cannot append digits to the password. Rules that require
// another method refuse the login, and the log names that method. The rules also apply to the
// user's application credentials, unless one of the rules names that method.
//
// The data that the login needs between the steps is sealed: the receipt, but never the password.
// It is bound to the session and the user, and valid for at most five minutes and for one answer.
// After a wrong code, the user must give the password again.
//
// Keystone cannot renew such a login without another code. So its session lasts as long as its
// token, as set by the option expiration in the section token of keystone.conf. A token that is
// requested with a token expires with the first one. An application credential created by the login
// itself would last longer, but it would be a second way into the account that its owner did not
// create, and that the rules are meant to prevent. When the token has expired, the client reads
// that the user must log in again. Long-running jobs should use an application credential of their
// own.
//
// # What it costs
//
// The number of requests to Keystone, which TestRequests checks:
//
//	a login by password or application credential        1
//	a wrong password                                     1; 2 if its last digits may be a code
//	a login with a one-time code                         2; 3 if the code follows the password
//	a choice of project                                  4, including the revocation of the first token
//	a renewal                                            1
//	a check whether a login is still valid               1; 3 if its token is no longer valid
//	a wrong secret of an EC2 credential                  2 with a service account
//	a check whether an EC2 login is still valid          2
//	the end of the last session                          1
//
// # Answers
//
// Keystone does not distinguish an unknown user, a wrong password, a disabled user and a project
// without a role for the user. So all of them are auth.ErrDenied, and no further authenticator of a
// chain is asked. Keystone reports that a password has expired only if the password was correct,
// and so does this package. Keystone answers 404 for an unknown application credential, which is a
// refusal too; any other 404 means that auth_url is wrong. Texts from Keystone are never passed on.
// The only exception is the request ID, which identifies the request in Keystone's log.
//
// A renewal requests the project by the id that the login got, so that a session stays in one
// account even if the user's default project changes. The login name and the password are in the
// grant's renewal, sealed. A login is valid as long as Keystone accepts its token. A token that has
// expired or was revoked on its own says nothing about the user; so the authenticator then tries
// the login.
//
// # Decisions
//
// A keyboard-interactive login begins with the password as a normal password, for which the
// frontend asks. If this authenticator asked for it, such logins could not reach the other
// authenticators of a chain.
//
// The temporary token of a choice of project is in the sealed state of the login, instead of in the
// memory of the program, because the program may be killed at any time. The list of used states is
// in memory, so a state from before a restart of the program is refused.
//
// The suite is authplugins/authtest, and the program is cmd/filegate-auth-keystone. Only this
// package knows gophercloud.
package keystone
