package authv1

import _ "embed" // for the variables below

// The protocol and the code that is generated from it, as text: for authors whose program does not
// import this module.
var (
	//go:embed auth.proto
	Proto string
	//go:embed auth.pb.go
	Messages string
	//go:embed auth_grpc.pb.go
	Service string
)
