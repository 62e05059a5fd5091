package swift

import (
	"strings"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// locate returns the name in Swift of a path: in the login's own account, in an account that is
// named in the path, or in the target of an alias.
func (f *FS) locate(p vfs.Path) (api.Name, error) {
	elements := p.Elements()
	if len(elements) == 0 {
		return api.Name{}, nil
	}
	n := api.Name{}
	if account, ok := strings.CutPrefix(elements[0], api.AccountMark); ok && account != "" {
		n.Account, elements = f.client.Foreign(account), elements[1:]
	} else if target, ok := f.aliases[elements[0]]; ok {
		n = api.Name{Account: f.client.Foreign(target.account), Container: target.container}
		elements = elements[1:]
	}
	if n.Container == "" && len(elements) > 0 {
		n.Container, elements = api.UnescapeElement(elements[0], true), elements[1:]
		if n.Container == "" {
			return api.Name{}, vfs.Errorf(vfs.ErrInvalidName, "a container cannot have an empty name")
		}
	}
	n.Object = api.UnescapeObject(elements)
	switch {
	case len(n.Container) > api.MaxContainerName:
		return api.Name{}, vfs.Errorf(vfs.ErrInvalidName, "a top-level directory is a container, and its name is longer than %d bytes", api.MaxContainerName)
	case len(n.Object) > api.MaxObjectName && !strings.HasPrefix(n.Object, versionsDir+"/"):
		// Paths in the tree of versions are longer.
		return api.Name{}, api.ErrLongName(n)
	}
	if err := n.CheckDots(); err != nil {
		return api.Name{}, err
	}
	return n, nil
}

// locateFile is locate for a path that must be an object, because files can only be in containers.
func (f *FS) locateFile(p vfs.Path) (api.Name, error) {
	n, err := f.locate(p)
	switch {
	case err != nil:
		return api.Name{}, err
	case n.IsAccount():
		return api.Name{}, vfs.ErrIsDir
	case n.IsContainer():
		return api.Name{}, vfs.Errorf(vfs.ErrPermission,
			"files cannot lie at the top level: the directories there are containers; make one, or go into one, and put the file there")
	}
	return n, nil
}
