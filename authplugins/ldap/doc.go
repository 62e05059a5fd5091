// Package ldap is the authenticator for users in an LDAP directory, such as OpenLDAP, 389 Directory
// Server, FreeIPA or Active Directory. The directory checks passwords, and says who is in which
// group; each user acts in a storage with a Swift credential.
//
// # Finding the user
//
// With user_dn, the login's name is put into a DN, and the password is checked by a bind with it.
// With search_base, a service account (bind_dn) looks for the one entry that matches search_filter,
// and the bind is made with that entry's DN. No entry is auth.ErrUnknownUser, so the next
// authenticator of a chain is asked; several entries are a refusal.
//
// The entry is read by the service account, or by the user where user_dn is set and there is none.
// The user's name in the gateway is the entry's user_attribute, in the directory's spelling: a
// directory takes "Alice" and "alice" for the same user.
//
// A password is checked only by a bind with a DN and a password that are not empty, because a
// directory takes a bind without a password for an anonymous one, and reports success. Names with
// control characters, or longer than 256 bytes, are unknown without asking. Every value is escaped
// for the place where it is put.
//
// # What the entry says
//
// An account is refused if userAccountControl, accountExpires, nsAccountLock, loginDisabled,
// msDS-UserAccountDisabled, pwdAccountLockedTime, shadowExpire, krbPrincipalExpiration,
// loginExpirationTime or pwdEndTime say so, or if the entry does not match required_filter.
// Groups are the values of group_attribute, by the first name in their DN, or the entries below
// group_base that match group_filter. With groups, only members of one of these are let in.
// group_permissions are added up; group_homes count in the order of groups. key_attribute has
// lines of authorized_keys, with their options; there are no certificates.
//
// Users must not be able to write the attributes that decide on groups, homes and storage logins.
//
// # Storage
//
// The grant comes from the authenticators keystone or swiftv1, with storage_login and a secret. The
// secret is the same for all users (storage_secret), or in an attribute of the entry
// (storage_secret_attribute), sealed for this user and this login by the command
//
//	filegate users seal -key-file KEY USER ldap LOGIN
//
// Without a storage the grant is empty, which does for a backend that needs none.
//
// # Sessions
//
// A renewal and a revalidation look for the user as a login does. They end the session if the user
// is gone or refused, the key is gone, the password was changed (where the directory shows the time
// of the change), the user's storage or login there is another one, or the storage does not take
// the credential any more. Where the user's own bind is the only way to read the entry, the
// password is kept in the renewal, sealed, and a bind is made with it again.
//
// # The connection
//
// Connections are encrypted, with at least TLS 1.2: by ldaps, or by StartTLS. Clear text is refused
// unless the server is on this machine or allow_clear_text is set. The servers are asked in order;
// one that cannot be reached is the last one for half a minute. Referrals are not followed, since
// they would carry passwords to another server.
//
// # Decisions
//
// Connections are kept, and each does one login at a time, because a bind changes whose connection
// it is. The alternative, a connection for each bind, would have cost a TLS handshake for each
// login.
//
// What a server sends is bounded by its bytes, under the library, instead of by the number of
// entries and values, because the library keeps all of an answer in memory before anybody can
// count.
//
// The suite is authplugins/authtest, also with a real slapd; the program is
// cmd/filegate-auth-ldap. Only this package knows go-ldap.
package ldap
