// Package frontendtest is the common test suite of all frontends: a server over any store with its
// own logins, and the rules about logins, faults and vanishing clients that apply to every
// protocol.
//
// Package vfstest tests the contract of storage. Each frontend runs it through a real client of its
// protocol. The adapter, a vfs.FS over the client, is in the tests of the frontend.
package frontendtest
