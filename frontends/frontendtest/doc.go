// Package frontendtest is what the tests of all frontends share: a server started over any store
// with logins of its own, and the rules about logins, faults and vanishing clients that hold for
// every protocol.
//
// The contract of storage itself is tested by vfstest, which each frontend runs through a real
// client of its protocol: that adapter (a vfs.FS over the client) lies in the frontend's own tests.
package frontendtest
