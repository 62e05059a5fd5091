// Package authv1 is the generated code of the authenticator protocol; auth.proto beside it is its documentation, and the
// file that authors in other languages start from. Nothing but package authplugin uses it.
package authv1

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative auth.proto
