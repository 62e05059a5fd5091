package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"filegate/core/auth"
)

// descriptionFormats returns the output formats of filegate plugin describe.
func descriptionFormats() map[string]func(io.Writer, auth.Info) error {
	return map[string]func(io.Writer, auth.Info) error{
		"text": func(w io.Writer, info auth.Info) error { describe(w, info); return nil },
		"hcl":  describeHCL,
		"json": describeJSON,
		"md":   describeMarkdown,
	}
}

func formatNames() string {
	return strings.Join(slices.Sorted(maps.Keys(descriptionFormats())), ", ")
}

// describeHCL writes a block for the configuration file, with all options. Options that are not
// required are commented out.
func describeHCL(w io.Writer, info auth.Info) error {
	var b strings.Builder
	fmt.Fprintf(&b, "auth %s \"main\" {\n  config {\n", strconv.Quote(info.Name))
	for _, a := range info.Schema {
		if a.Doc != "" {
			fmt.Fprintf(&b, "    # %s\n", a.Doc)
		}
		value, ok := hclValue(a)
		if !ok {
			fmt.Fprintf(&b, "    # Default: %s\n", a.Default)
		}
		mark := "#"
		if a.Required {
			mark = ""
		}
		fmt.Fprintf(&b, "    %s%s = %s\n", mark, a.Name, value)
	}
	b.WriteString("  }\n}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// hclValue returns the default of an attribute, or an empty value of its type. ok reports whether
// value is the default.
func hclValue(a auth.Attribute) (value string, ok bool) {
	switch a.Type {
	case auth.TypeStringList:
		return "[]", a.Default == "" || a.Default == "[]"
	case auth.TypeStringMap:
		return "{}", a.Default == "" || a.Default == "{}"
	case auth.TypeBool:
		if _, err := strconv.ParseBool(a.Default); err == nil {
			return a.Default, true
		}
		return "false", a.Default == ""
	case auth.TypeNumber:
		if _, err := strconv.ParseFloat(a.Default, 64); err == nil {
			return a.Default, true
		}
		return "0", a.Default == ""
	default:
		return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(a.Default)), true
	}
}

func describeJSON(w io.Writer, info auth.Info) error {
	type attribute struct {
		Name     string `json:"name"`
		Type     string `json:"type"`
		Required bool   `json:"required"`
		Secret   bool   `json:"secret"`
		Default  string `json:"default,omitempty"`
		Doc      string `json:"doc,omitempty"`
	}
	out := struct {
		Name        string        `json:"name"`
		Version     string        `json:"version"`
		Methods     []auth.Method `json:"methods"`
		Revalidates bool          `json:"revalidates"`
		Releases    bool          `json:"releases"`
		Attributes  []attribute   `json:"attributes"`
	}{info.Name, info.Version, info.Methods, info.Revalidates, info.Releases, []attribute{}}
	for _, a := range info.Schema {
		out.Attributes = append(out.Attributes, attribute{a.Name, string(a.Type), a.Required, a.Secret, a.Default, a.Doc})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func describeMarkdown(w io.Writer, info auth.Info) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s\n\nMethods: %s\n", info.Name, info.Version, strings.ReplaceAll(joined(info.Methods), ",", ", "))
	if len(info.Schema) > 0 {
		b.WriteString("\n| option | type | default | meaning |\n|---|---|---|---|\n")
	}
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, a := range info.Schema {
		kind := string(a.Type)
		if a.Secret {
			kind += ", secret"
		}
		value := a.Default
		switch {
		case a.Required:
			value = "required"
		case value != "":
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", cell.Replace(a.Name), kind, cell.Replace(value), cell.Replace(a.Doc))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
