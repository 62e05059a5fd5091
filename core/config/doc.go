// Package config reads gateway.hcl. The result is a [Config], or a list of all mistakes in the
// file.
//
// It is the only package that knows HCL. Backends and frontends define their options as a struct,
// and are found by kind in the lists of [Options]. Authenticators are other programs: their block
// is decoded when the program has reported its schema ([Auth.Decode]). Errors that appear after the
// file was read are shown at their place in the file too, by [Block.Diagnose]. A part may have
// another file in the same language, with the same error messages: [ParseFile] reads it, and an
// [Editor] changes it. The package opens no socket and starts no program. Its test cases are the
// files in testdata: good/*.hcl, and bad/*.hcl with the expected message beside each.
//
// # The struct of a part
//
// The options of a part are the fields of a struct with hcl tags. The values of the fields before
// decoding are the defaults.
//
//	Name   string        `hcl:"name"`                       // required
//	Host   string        `hcl:"host,optional"`              // "a string"
//	Mode   string        `hcl:"mode,optional" unit:"word"`  // "a string", or true or false
//	Active bool          `hcl:"active,optional"`            // true, false
//	Limit  int           `hcl:"limit,optional"`             // 5
//	Size   int64         `hcl:"size,optional" unit:"bytes"` // "64MiB", "1GB": with a unit
//	Ratio  float64       `hcl:"ratio,optional"`             // 0.5
//	Wait   time.Duration `hcl:"wait,optional"`              // "30s", "1h30m": with a unit
//	Ports  []string      `hcl:"ports,optional"`             // ["a", "b"]
//	Extra  map[string]string `hcl:"extra,optional"`         // { a = "b" }
//	Key    auth.Secret   `hcl:"key,optional"`               // a string that is never printed
//	TLS    *TLS          `hcl:"tls,block"`                  // tls { … }, or nil; at most one
//	Rules  []Rule        `hcl:"rule,block"`                 // rule "label" { … }, any number
//	Label  string        `hcl:"label,label"`                // in the struct of a block: its label
//	Place  Block         `hcl:",place"`                     // its place, for [Block.Diagnose]
//
// A block that is a struct and not a pointer always exists. If the file does not contain it, it has
// its defaults.
//
// # Decisions
//
// The decoder is our own instead of gohcl, which has no durations, sizes and secrets, silently
// converts 5 to "5", and reports mistakes in the random order of a map. Our decoder accepts a value
// only in its own type, and shows the expected form by an example. Only text from env() and file()
// may also stand for a number or a boolean, because those functions return nothing else.
//
// Included files are merged before decoding, so that no other code knows of them: see include.go. A
// mistake keeps the file name of its place.
//
// Sizes and durations need a unit. A bare number is a mistake, because a reader cannot know whether
// 30 means seconds or minutes.
//
// A file with a syntax error is not examined further: the parser's guesses about the rest would
// hide the real mistake.
//
// An Editor cuts and inserts text at the places that the parser reports, so that the rest of the
// file stays the same to the byte. HCL's hclwrite cannot add to a list, and cannot indent new text
// without formatting the whole file.
//
// Only HCL's native syntax is read, not its JSON form, in which blocks and maps look alike.
//
// The package has a file for each block of the configuration, and for each step of reading it.
package config
