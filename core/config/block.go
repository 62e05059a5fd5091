package config

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Block is the place of a part in the file. It can show later errors of the part at this place.
type Block struct {
	src  *source
	body *hclsyntax.Body
	def  hcl.Range
}

// Diagnose returns the Diagnostic for a mistake in an attribute, or in the whole block if attribute
// is empty. "tls.cert" is an attribute of an inner block, and "keys.0" is the first element of a
// list. A mistake about something that is not in the file is shown at the block that would contain
// it.
func (b Block) Diagnose(attribute, summary, detail string) Diagnostic {
	return Diagnostic{Summary: summary, Detail: detail, rng: b.find(attribute), src: b.src}
}

// show makes the hidden value of an attribute readable in messages.
func (b Block) show(attribute string) {
	if b.src == nil {
		return
	}
	if attr, ok := b.body.Attributes[attribute]; ok {
		b.src.show(attr)
	}
}

func (b Block) find(attribute string) hcl.Range {
	body, rng := b.body, b.def
	attribute, element := cutElement(attribute)
	for name := range strings.SplitSeq(attribute, ".") {
		if body == nil {
			break
		}
		if attr, ok := body.Attributes[name]; ok {
			return attributeRange(attr, element)
		}
		var inner *hclsyntax.Body
		for _, child := range body.Blocks {
			if child.Type == name {
				inner, rng = child.Body, child.DefRange()
				break
			}
		}
		body = inner
	}
	return rng
}

// cutElement separates the number of an element from the name of a list.
func cutElement(name string) (attribute string, element int) {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		if n, err := strconv.Atoi(name[i+1:]); err == nil {
			return name[:i], n
		}
	}
	return name, -1
}

// attributeRange returns the place of an element if the attribute is a list literal, else the place
// of the attribute.
func attributeRange(attr *hclsyntax.Attribute, element int) hcl.Range {
	if list, ok := attr.Expr.(*hclsyntax.TupleConsExpr); ok && element >= 0 && element < len(list.Exprs) {
		return list.Exprs[element].Range()
	}
	return hcl.RangeBetween(attr.NameRange, attr.Expr.Range())
}
