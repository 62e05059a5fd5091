package ldap

import (
	"fmt"
	"io"
	"strings"
)

// advise prints what is possible in the configuration but rarely wanted. "<4>" is the level of
// warnings.
func (r *reader) advise(log io.Writer) {
	for _, name := range r.Groups {
		if !strings.Contains(name, "=") && r.GroupBase == "" {
			fmt.Fprintf(log, "<4>groups: %q is each group with this name, anywhere in the directory: give the group's DN, or set group_base, if others may create groups\n", name)
		}
	}
	shared := r.StorageSecret != "" && !strings.Contains(r.StorageLogin, "{")
	if shared && len(r.Groups) == 0 && r.RequiredFilter == "" && r.Home == "" && len(r.Permissions) == 0 {
		fmt.Fprintf(log, "<4>storage_login: every account of the directory may read and write all files of %q: set home to a directory for each user, or groups to those who may log in\n", r.StorageLogin)
	}
}
