// Package swifttest is a fake of OpenStack Swift over HTTP, which can also fail in the ways that a
// real Swift rarely does.
//
// Tests run it in memory ([Start]). The command filegate demo serves it from a directory ([New]
// with Config.Dir). It answers like Swift 2.30 with tempauth. The cases in agree_test.go
// (agree_keystone_test.go for Keystone) run against the fake in memory, against the fake in a
// directory and, if one is available, against a real Swift. Where the fake differs from a real
// Swift, it is a bug in the fake.
//
// # Implemented
//
//   - Auth 1.0 and Keystone v2.0 by password; Keystone v3 by password, one-time code with a
//     receipt, application credential and token, with default projects and the list of projects;
//     expiry and revocation of tokens.
//   - Accounts, containers and objects with their listings (text and JSON), metadata, limits,
//     quotas and /info.
//   - Objects: conditions, ranges (also several), COPY in both forms, expiry. Expect: 100-continue
//     is answered after all checks that do not need the body. An interrupted upload is not stored.
//   - Static large objects, also nested and with ranges, and dynamic large objects. A missing or
//     changed segment interrupts the body.
//   - Bulk delete. Symlinks, also static ones and those to other accounts.
//   - Versions, by X-Versions-Enabled and by X-Versions-Location and X-History-Location.
//   - The ACLs of containers, with tempauth's user names and for all users with a token; copies
//     between accounts.
//   - The status, the ETag in its forms, the times and the ids of answers, and the texts of most
//     errors.
//   - With Limits.Ceph, the differences of Ceph's RadosGW that matter to clients.
//
// # Not implemented
//
//   - ACLs of accounts, for websites, and for users without a token.
//   - XML listings, the path parameter of listings, extraction of archives, TempURL, S3, container
//     sync, static websites, CORS.
//   - In real listings, a static large object that PUT with version-id has made the current version
//     has the size of its manifest.
//   - Segments whose data is in the manifest itself ("data").
//   - The totals of an account are exact, while Swift's are up to a minute old. Container quotas
//     also use the exact size.
//   - Keystone has one domain and one role, no services except the object store and itself, and no
//     trusts.
//   - The files of a directory are not synced to the disk.
//
// The package has a file for each part of Swift that it imitates.
package swifttest
