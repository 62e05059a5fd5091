// Package convert converts the configuration files of sftp-cloudfs and ftp-cloudfs to a file for
// filegate.
//
// The result behaves like the old servers, except where they had a fault. A comment in the result
// explains each option whose meaning is doubtful, and names each option without an equivalent.
//
// The tests compare results with those in testdata. The test script convert.txtar of cmd/filegate
// passes results to filegate check.
package convert
