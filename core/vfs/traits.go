package vfs

import "context"

// Trait is a property of a store, in words for operators.
type Trait struct{ Name, Text string }

// TraitFS is a store that can describe itself.
type TraitFS interface {
	FS
	// Traits returns the properties in which stores of this kind differ, as they were found out or
	// configured.
	Traits(ctx context.Context) ([]Trait, error)
}

// Traits returns the properties of a store, or none if it does not describe itself.
func Traits(ctx context.Context, fsys FS) ([]Trait, error) {
	if f, ok := fsys.(TraitFS); ok {
		return f.Traits(ctx)
	}
	return nil, nil
}
