package ftp

import (
	"io/fs"
	"strconv"
	"strings"
)

// parameters are the client's settings for the following commands (RFC 959, section 4.1.2, and
// others). Only the goroutine that reads commands uses them.
type parameters struct {
	transferParameters
	epsvAll bool         // EPSV ALL: the client will send no other command for data connections
	size    int64        // size of the next upload, from ALLO; 0: unknown
	hash    digestName   // of HASH
	facts   facts        // of MLST and MLSD
	umask   *fs.FileMode // nil: the storage's own choice
}

// transferParameters are the parameters of one transfer.
type transferParameters struct {
	private  bool // PROT P
	text     bool // TYPE A
	deflated bool // MODE Z
	level    int  // of compression
	rest     int64
	span     *span // RANG; nil: all
}

func newParameters() parameters {
	return parameters{transferParameters: transferParameters{level: defaultLevel}, hash: "SHA-256", facts: defaultFacts}
}

// take returns the parameters for a transfer, and resets those that apply to only one transfer.
func (p *parameters) take() transferParameters {
	taken := p.transferParameters
	p.rest, p.span = 0, nil
	return taken
}

// setType executes TYPE.
func (p *parameters) setType(arg string) *reply {
	switch strings.ToUpper(strings.ReplaceAll(arg, " ", "")) {
	case "I", "L8":
		p.text = false
	case "A", "AN", "L7":
		p.text = true
	case "":
		return &reply{code: 501, text: "Only TYPE I and TYPE A are supported."}
	default:
		return &reply{code: 504, text: "Only TYPE I and TYPE A are supported."}
	}
	return &reply{code: 200, text: "The type is " + p.typeName() + "."}
}

func (p *parameters) typeName() string {
	if p.text {
		return "ASCII"
	}
	return "binary"
}

// setMode executes MODE.
func (p *parameters) setMode(arg string) *reply {
	switch strings.ToUpper(strings.TrimSpace(arg)) {
	case "S":
		p.deflated = false
	case "Z":
		p.deflated = true
	case "":
		return &reply{code: 501, text: "Only MODE S and MODE Z are supported."}
	default:
		return &reply{code: 504, text: "Only MODE S and MODE Z are supported."}
	}
	return &reply{code: 200, text: "The mode is " + p.modeName() + "."}
}

func (p *parameters) modeName() string {
	if p.deflated {
		return "Z"
	}
	return "S"
}

// setStructure executes STRU.
func setStructure(arg string) *reply {
	if strings.EqualFold(strings.TrimSpace(arg), "F") {
		return &reply{code: 200, text: "The structure is file."}
	}
	return &reply{code: 504, text: "Only the file structure (STRU F) is supported."}
}

// setRest executes REST, the offset of the next transfer. In MODE Z it counts uncompressed bytes.
func (p *parameters) setRest(arg string) *reply {
	n, err := strconv.ParseInt(strings.TrimSpace(arg), 10, 64)
	switch {
	case err != nil || n < 0:
		return &reply{code: 501, text: "REST takes a number of bytes."}
	case p.text && n > 0:
		return &reply{code: 501, text: "REST does not work in TYPE A, where line ends change the positions of bytes; use TYPE I."}
	}
	p.rest, p.span = n, nil
	return &reply{code: 350, text: "The next transfer begins at byte " + strconv.FormatInt(n, 10) + "."}
}

// allo executes ALLO: "n" and "n R m" (RFC 959, section 4.1.3). The size is only a hint, so a
// number that is too large is ignored.
func (p *parameters) allo(arg string) *reply {
	fields := strings.Fields(arg)
	if len(fields) != 1 && (len(fields) != 3 || !strings.EqualFold(fields[1], "R")) {
		return &reply{code: 501, text: "Usage: ALLO size, or ALLO size R size."}
	}
	for i, f := range fields {
		if i != 1 && strings.Trim(f, "0123456789") != "" {
			return &reply{code: 501, text: "ALLO takes a number of bytes."}
		}
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil || n == 0 {
		return &reply{code: 202, text: "No space needs to be allocated."}
	}
	p.size = n
	return &reply{code: 200, text: "The size of the next upload is known."}
}

// prot executes PROT (RFC 4217, section 9).
func (c *client) prot(arg string) *reply {
	level := strings.ToUpper(strings.TrimSpace(arg))
	switch {
	case !c.control.secured && !c.control.cleared:
		return errAuthFirst
	case level == "C" && (c.control.required || c.control.implicit):
		return &reply{code: 534, text: "Data connections must use TLS; send PROT P."}
	case level == "P", level == "C":
		c.params.private = level == "P"
		return &reply{code: 200, text: "The protection of data is " + level + "."}
	case level == "S", level == "E":
		return &reply{code: 536, text: "Only PROT P and PROT C are supported."} // RFC 2228, section 3
	}
	return &reply{code: 504, text: "Only PROT P and PROT C are supported."}
}

// pbsz executes PBSZ. TLS allows only one size (RFC 4217, section 9).
func (c *client) pbsz(arg string) *reply {
	switch {
	case !c.control.secured:
		return errAuthFirst
	case arg == "" || strings.Trim(arg, "0123456789") != "":
		return &reply{code: 501, text: "PBSZ takes a number of bytes."}
	}
	return &reply{code: 200, text: "PBSZ=0"}
}
