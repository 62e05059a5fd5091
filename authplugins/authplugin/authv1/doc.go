// Package authv1 is the generated code of the protocol between gateway and authenticators. The file
// auth.proto beside it documents the protocol, and is what authors in other languages start from.
//
// Only package authplugin speaks the protocol. Package scaffold copies the code into new projects,
// and the command filegate plugin proto prints [Proto]. The package has no tests of its own; those
// of authplugin are its suite.
package authv1

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative auth.proto
