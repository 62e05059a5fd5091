// Package config reads gateway.hcl: a file goes in, and out comes a [Config] or a list of all
// mistakes that are in the file.
//
// It is the only package that knows HCL. Parts (backends, frontends) own their options as a struct
// and are found by kind in the lists of [Options]; authenticators are other programs, so their
// block is kept until the program has told its schema ([Auth.Decode]). What turns out to be wrong
// after the file was read is shown at its place too, by [Block.Diagnose]. A part may have a file of
// its own besides, in the same language and with the same messages: [ParseFile] reads it, and an
// [Editor] changes it. The package opens no socket and starts no program. Its suite is the files in
// testdata: good/*.hcl, and bad/*.hcl with the expected message beside each.
//
// # The struct of a part
//
// A part's options are the fields of a struct with hcl tags. What the struct holds before it is
// decoded into are the defaults.
//
//	Name   string        `hcl:"name"`                       // must be there
//	Host   string        `hcl:"host,optional"`              // "a string"
//	Active bool          `hcl:"active,optional"`            // true, false
//	Limit  int           `hcl:"limit,optional"`             // 5
//	Size   int64         `hcl:"size,optional" unit:"bytes"` // "64MiB", "1GB", "512B": always with a unit
//	Ratio  float64       `hcl:"ratio,optional"`             // 0.5
//	Wait   time.Duration `hcl:"wait,optional"`              // "30s", "1h30m": always with a unit
//	Ports  []string      `hcl:"ports,optional"`             // ["a", "b"]
//	Extra  map[string]string `hcl:"extra,optional"`         // { a = "b" }
//	Key    auth.Secret   `hcl:"key,optional"`               // a string that is printed nowhere
//	TLS    *TLS          `hcl:"tls,block"`                  // tls { … }, or nil; at most one
//	Rules  []Rule        `hcl:"rule,block"`                 // rule "label" { … }, any number
//	Label  string        `hcl:"label,label"`                // in a struct of a block: its label
//	Place  Block         `hcl:",place"`                     // likewise: where the block stands, for [Block.Diagnose]
//
// A block may also be a struct that is no pointer: it is always there, and keeps its defaults where
// the file leaves it out.
//
// # Decisions
//
// The decoder is our own and not gohcl, which has no durations, sizes or secrets, makes "5" of 5
// without a word, and reports in the random order of a map. Ours takes a value only in its own
// type, and says by an example what it wants.
//
// Sizes and durations have no meaning without a unit: a bare number is a mistake, since nobody can
// see whether 30 is seconds or minutes.
//
// A file with a syntax error is not looked at further: what a parser guesses of the rest would bury
// the one true mistake.
//
// An Editor cuts and pastes text at the places that the parser tells, so that what it does not
// touch stays as it is to the byte. HCL's own hclwrite cannot add to a list, nor indent what it
// adds without formatting the whole file anew.
//
// Only HCL's native syntax is read, not its JSON form, in which a block and a map look alike.
package config
