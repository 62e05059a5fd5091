// Package vfstest is the test suite for package vfs. Every store passes it, and every frontend
// passes it through a client of its protocol.
//
// A store is tested directly. A frontend is tested through an adapter that implements [vfs.FS] with
// a real client, and that declares in [Limits] what its protocol cannot carry. The rest of the
// contract must hold over the protocol too.
//
//	func TestConformance(t *testing.T) {
//		vfstest.TestFS(t, func(t *testing.T) vfs.FS { return memfs.New() }, vfstest.Limits{})
//	}
//
// Each subject has its own file, and a failure states the broken rule. What is special to one store
// (its files on disk, its requests, its faults) is tested in that store's package.
package vfstest

import (
	"slices"
	"testing"
	"time"

	"filegate/core/vfs"
)

// Limits says what the subject of a test cannot do. The zero value means all of the contract, in
// the directory "/".
//
// A limit skips the tests that need what it takes away. Where the contract says how a store refuses
// what it cannot do, that refusal is tested instead.
type Limits struct {
	// Root is the directory to work in. It is there already, and what the tests leave in it is the
	// caller's to remove. "" is "/".
	Root vfs.Path

	// Kind tells what an error of a kind arrives as, where a protocol has fewer codes than vfs has
	// kinds. nil for a kind means that any error will do. Without the function all kinds arrive as
	// they are.
	Kind func(kind error) error
	// Name says whether the name of a file or directory can be carried. Without the function all
	// valid names can.
	Name func(name string) bool
	// TimeStep is the step in which modification times are kept. 0 is a nanosecond.
	TimeStep time.Duration
	// Many is how many entries the directory of the test of long listings has. 0 is 1,100. A store
	// that needs long for each, and whose pages are longer, has less.
	Many int

	Sequential   bool // contents are written in one stream, from Offset to the end: no WriteAt, no second ReadFrom
	NoTruncate   bool // a Writer has no Truncate
	NoInPlace    bool // contents are only replaced as a whole: OpenWriter without Truncate returns ErrUnsupported for a file that exists
	NoReadBack   bool // what is being written cannot be read: no ReadWriterAt
	NoAbort      bool // Close without Commit cannot be told from Commit
	NoExclusive  bool // WriteOptions.Exclusive cannot be asked for
	NoAppend     bool // WriteOptions.Offset cannot be AtEnd
	NoOffset     bool // neither WriteOptions.Offset nor OpenOptions.Offset can be asked for
	NoReadAt     bool // contents are read in one stream, with WriteTo
	NoSnapshot   bool // a File does not hold on to the content that it was opened for: each read opens anew
	NoVersion    bool // Info.Version is empty, and IfVersion cannot be asked for
	NoAttrs      bool // attributes of what exists cannot be set: SetAttrs returns ErrUnsupported
	NoWriteAttrs bool // a Writer has no SetAttrs
	NoModes      bool // permission bits are not kept
	NoOwners     bool // owners are not kept
	NoReplace    bool // Rename never replaces: RenameOptions.Replace cannot be asked for
	OnlyReplace  bool // Rename always replaces: RenameOptions.Replace cannot be left out
	NoLinks      bool // Symlink returns ErrUnsupported
	NoDirLinks   bool // a link leads to files only: Symlink to a directory returns ErrUnsupported
	NoCancel     bool // contexts do not reach the store
}

// TestFS tests what open returns. It is called once for each subject; the stores may be one and the
// same, since each subtest works in a new directory.
func TestFS(t *testing.T, open func(t *testing.T) vfs.FS, limits Limits) {
	TestSubjects(t, open, limits)
}

// TestSubjects tests only the named subjects. Without names it tests all. It is for a slow store,
// whose backend passes all subjects on another store.
func TestSubjects(t *testing.T, open func(t *testing.T) vfs.FS, limits Limits, names ...string) {
	for _, subject := range []struct {
		name string
		test func(e *env)
	}{
		{"Stat", testStat},
		{"List", testList},
		{"Read", testRead},
		{"Write", testWrite},
		{"Commit", testCommit},
		{"InPlace", testInPlace},
		{"OpenFile", testOpenFile},
		{"Mkdir", testMkdir},
		{"Remove", testRemove},
		{"Rename", testRename},
		{"Copy", testCopy},
		{"Link", testLink},
		{"Attrs", testAttrs},
		{"Digest", testDigest},
		{"Names", testNames},
		{"Errors", testErrors},
		{"Cancel", testCancel},
		{"Model", testModel},
	} {
		if len(names) > 0 && !slices.Contains(names, subject.name) {
			continue
		}
		t.Run(subject.name, func(t *testing.T) {
			subject.test(newEnv(t, open(t), limits))
		})
	}
}
