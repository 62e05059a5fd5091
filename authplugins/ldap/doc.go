// Package ldap is the authenticator for users in an LDAP directory, such as OpenLDAP, 389 Directory
// Server, FreeIPA or Active Directory. The directory checks the passwords and contains the groups.
// Each user gets access to a storage with a Swift credential.
//
// # Finding the user
//
// With user_dn, the login's name is inserted into a DN, and a bind with this DN checks the
// password. With search_base, a service account (bind_dn) searches for the single entry that
// matches search_filter, and the bind uses the DN of that entry. If there is no entry, the result
// is auth.ErrUnknownUser, and the next authenticator of a chain is asked. If there are several
// entries, the login is refused.
//
// The service account reads the entry. With user_dn and without bind_dn, the user reads it. With
// search_base and without bind_dn, it is read anonymously. The user's name in the gateway is the
// entry's user_attribute, in the spelling of the directory, because for a directory "Alice" and
// "alice" are the same user.
//
// A bind that checks a password always has a DN and a password that are not empty, because a
// directory treats a bind without a password as anonymous and reports success. Names with control
// characters, and names longer than 256 bytes, are unknown; the directory is not asked about them.
// Every value is escaped according to its position.
//
// A name counts only in the spelling of an attribute with which user_dn or search_filter compares
// it, or of user_attribute; case, and spaces around the name, do not matter. A directory also
// ignores accents or inner spaces, but the gateway counts failed logins by the name. So the service
// account must be able to read these attributes.
//
// Each wrong password is also a failed login at the directory. If a server answers "busy", or not
// at all, the next one gets the same password. So a directory that locks accounts after a few
// failures can be made to lock them by outsiders: set user_failures of the gateway lower than the
// directory's limit.
//
// # The contents of the entry
//
// An account is refused if it is disabled, locked or expired according to userAccountControl,
// accountExpires, nsAccountLock, loginDisabled, msDS-UserAccountDisabled, pwdAccountLockedTime,
// shadowExpire, krbPrincipalExpiration, loginExpirationTime or pwdEndTime, or if the entry does not
// match required_filter. The groups of the user are the values of group_attribute, named by the
// first part of their DN, or the entries below group_base that match group_filter. A group that is
// configured by a name instead of a DN is each group with this name, so others must not be able to
// create groups. If a search for groups refers to another server, the login fails, because a group
// may be missing. References to the partitions of Active Directory without groups do not count.
// With the option groups, only members of one of these groups may log in. The group_permissions of
// several groups are added. Of several group_homes, the first in the order of groups is used.
// key_attribute contains lines of authorized_keys, including their options. Certificates are not
// supported.
//
// Users must not have write access to the attributes that determine groups, homes and storage
// logins.
//
// # Storage
//
// The authenticator keystone or swiftv1 issues the grant for storage_login and a secret. The secret
// is the same for all users (storage_secret), or each entry has its own (storage_secret_attribute).
// A name or attribute that is inserted into storage_login must not change the parts of that login:
// with "files.{user}", the user alice@example.net is refused, because Keystone's login would have
// another domain. Only an attribute that is the whole of storage_login is used unchanged.
//
// A secret in an entry is encrypted for this user and this login by the command
//
//	filegate users seal -key-file KEY USER ldap LOGIN
//
// Without a storage the grant is empty. This suits a backend that needs no credential.
//
// # Sessions
//
// A renewal and a revalidation look up the user as a login does. They end the session if the user
// is gone or refused, the key was removed, the password was changed (if the directory shows the
// time of the change), the user's storage or storage login has changed, or the storage rejects the
// credential. A server that lags behind the others may show an older time of the change, which ends
// the session too. If only the user can read the entry, the grant contains the password, encrypted,
// and the user's bind is repeated.
//
// # The connection
//
// Connections are encrypted with TLS 1.2 or later: by ldaps, or by StartTLS. Clear text is refused
// unless the server is on this machine or allow_clear_text is set. The servers are tried in order.
// For half a minute after a failure, a server is tried after the others. Referrals are not
// followed, because they would send passwords to another server.
//
// # Decisions
//
// Connections are reused, and each serves one login at a time, because a bind changes the user of
// its connection. The alternative, a connection for each bind, would cost a TLS handshake for each
// login.
//
// The answers of a server are limited by their bytes, below the library, instead of by the number
// of entries and values, because the library reads a whole answer into memory before it returns
// anything.
//
// The suite is authplugins/authtest, which also runs against a real slapd. The program is
// cmd/filegate-auth-ldap. Only this package imports go-ldap.
package ldap
