// Package swifttest is a fake of OpenStack Swift over HTTP, with the faults that a real one has
// only on bad days.
//
// Tests use it in memory ([Start]); the demo serves it from a directory ([New] with Config.Dir). It
// answers as Swift 2.30 with tempauth does: agree_test.go holds the cases (agree_keystone_test.go
// those of Keystone), which run against the fake in memory, against the fake in a directory and,
// where one is given, against a real Swift. Where they differ the fake is wrong.
//
// # Faithful
//
//   - Auth 1.0 and Keystone v2.0 by password; Keystone v3 by password, one-time code with a
//     receipt, application credential and token, with default projects and the list of projects;
//     tokens that end, or are revoked.
//   - Accounts, containers and objects with their listings (text and JSON), metadata, limits,
//     quotas and /info.
//   - Objects: conditions, ranges (also several), COPY in both forms, expiry, Expect: 100-continue
//     answered after all that can be refused without the body; what is cut off is not stored.
//   - Static large objects, also nested and with ranges, and dynamic ones; a segment that is gone
//     or has changed breaks the body off.
//   - Bulk delete. Symlinks, also static ones and those to other accounts.
//   - Versions, by X-Versions-Enabled and by X-Versions-Location and X-History-Location.
//   - The ACLs of containers, by tempauth's names of users and for everybody who is logged in;
//     copies between accounts.
//   - The status, the ETag in its forms, the times and the ids of answers, and the texts of most
//     refusals.
//
// # Left out
//
//   - ACLs of accounts, of websites, and for those who are not logged in.
//   - XML listings, the path parameter of listings, archives to extract, TempURL, S3, sync, static
//     websites, CORS.
//   - That listings show a static large object with the size of its manifest, when PUT with
//     version-id has made it the current version.
//   - Segments given in the manifest itself ("data").
//   - Totals of an account are exact, while Swift's lag by up to a minute; container quotas go by
//     the exact size too.
//   - Keystone knows one domain, one role, no services but the object store, and no trusts.
//   - What is in a directory is not synced to the disk.
//
// The package has a file for each part of Swift that it imitates.
package swifttest
