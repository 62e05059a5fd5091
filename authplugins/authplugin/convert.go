package authplugin

import (
	"net/netip"
	"time"

	"filegate/authplugins/authplugin/authv1"
	"filegate/core/auth"
)

// attributeTypes returns the table of attribute types in core/auth and in the protocol.
func attributeTypes() map[auth.AttributeType]authv1.Attribute_Type {
	return map[auth.AttributeType]authv1.Attribute_Type{
		auth.TypeString:     authv1.Attribute_TYPE_STRING,
		auth.TypeBool:       authv1.Attribute_TYPE_BOOL,
		auth.TypeNumber:     authv1.Attribute_TYPE_NUMBER,
		auth.TypeStringList: authv1.Attribute_TYPE_STRING_LIST,
		auth.TypeStringMap:  authv1.Attribute_TYPE_STRING_MAP,
	}
}

func describeToProto(info auth.Info) *authv1.DescribeResponse {
	resp := &authv1.DescribeResponse{
		Name:        info.Name,
		Version:     info.Version,
		Methods:     stringsOf(info.Methods),
		Revalidates: info.Revalidates,
		Closes:      info.Releases,
	}
	for _, a := range info.Schema {
		resp.Schema = append(resp.Schema, &authv1.Attribute{
			Name:         a.Name,
			Type:         attributeTypes()[a.Type],
			Required:     a.Required,
			Secret:       a.Secret,
			DefaultValue: a.Default,
			Doc:          a.Doc,
		})
	}
	return resp
}

func infoFromProto(resp *authv1.DescribeResponse) auth.Info {
	info := auth.Info{
		Name:        resp.GetName(),
		Version:     printable(resp.GetVersion(), maxName),
		Methods:     stringsTo[auth.Method](resp.GetMethods()),
		Revalidates: resp.GetRevalidates(),
		Releases:    resp.GetCloses(),
	}
	for _, a := range resp.GetSchema() {
		attribute := auth.Attribute{
			Name:     a.GetName(),
			Required: a.GetRequired(),
			Secret:   a.GetSecret(),
			Default:  printable(a.GetDefaultValue(), maxDetail),
			Doc:      printable(a.GetDoc(), maxDetail),
		}
		for t, code := range attributeTypes() {
			if code == a.GetType() {
				attribute.Type = t
			}
		}
		info.Schema = append(info.Schema, attribute)
	}
	return info
}

func diagnosticsToProto(diags auth.Diagnostics) []*authv1.Diagnostic {
	var out []*authv1.Diagnostic
	for _, d := range diags {
		out = append(out, &authv1.Diagnostic{Attribute: validText(d.Attribute), Summary: validText(d.Summary), Detail: validText(d.Detail)})
	}
	return out
}

func diagnosticsFromProto(diags []*authv1.Diagnostic) auth.Diagnostics {
	var out auth.Diagnostics
	for _, d := range diags {
		out = append(out, auth.Diagnostic{
			Attribute: printable(d.GetAttribute(), maxName),
			Summary:   printable(d.GetSummary(), maxDetail),
			Detail:    printable(d.GetDetail(), maxDetail),
		})
	}
	return out
}

func requestToProto(req auth.Request) *authv1.AuthenticateRequest {
	out := &authv1.AuthenticateRequest{
		User:      req.User,
		Method:    string(req.Method),
		Service:   req.Service,
		SessionId: req.SessionID,
		Remote:    addrText(req.Remote),
		Local:     addrText(req.Local),
		Client:    validText(req.Client),
		Password:  []byte(req.Password.Reveal()),
		PublicKey: req.PublicKey,
		Verified:  req.Verified,
		State:     req.State,
	}
	for _, a := range req.Answers {
		out.Answers = append(out.Answers, []byte(a.Reveal()))
	}
	return out
}

func requestFromProto(req *authv1.AuthenticateRequest) auth.Request {
	out := auth.Request{
		User:      req.GetUser(),
		Method:    auth.Method(req.GetMethod()),
		Service:   req.GetService(),
		SessionID: req.GetSessionId(),
		Remote:    addrOf(req.GetRemote()),
		Local:     addrOf(req.GetLocal()),
		Client:    req.GetClient(),
		Password:  auth.Secret(req.GetPassword()),
		PublicKey: req.GetPublicKey(),
		Verified:  req.GetVerified(),
		State:     req.GetState(),
	}
	for _, a := range req.GetAnswers() {
		out.Answers = append(out.Answers, auth.Secret(a))
	}
	return out
}

func responseToProto(resp auth.Response) *authv1.AuthenticateResponse {
	switch {
	case resp.Identity != nil:
		return &authv1.AuthenticateResponse{Outcome: &authv1.AuthenticateResponse_Identity{Identity: identityToProto(*resp.Identity)}}
	case resp.Next != nil:
		step := &authv1.Step{Methods: stringsOf(resp.Next.Methods), Instruction: resp.Next.Instruction, State: resp.Next.State}
		for _, p := range resp.Next.Prompts {
			step.Prompts = append(step.Prompts, &authv1.Prompt{Text: p.Text, Echo: p.Echo})
		}
		return &authv1.AuthenticateResponse{Outcome: &authv1.AuthenticateResponse_Next{Next: step}}
	default:
		return &authv1.AuthenticateResponse{}
	}
}

func identityToProto(id auth.Identity) *authv1.Identity {
	out := &authv1.Identity{
		User:         id.User,
		Groups:       id.Groups,
		Home:         id.Home,
		Permissions:  stringsOf(id.Permissions),
		Grant:        grantToProto(id.Grant),
		CacheSeconds: int64(id.CacheFor / time.Second),
		Message:      id.Message,

		ConfirmCached: id.Confirm,
	}
	for _, r := range id.Rules {
		out.Rules = append(out.Rules, &authv1.Rule{Path: r.Path, Permissions: stringsOf(r.Permissions)})
	}
	if id.Limits != (auth.Limits{}) {
		out.Limits = &authv1.Limits{
			Sessions:     int64(id.Limits.Sessions),
			UploadRate:   id.Limits.UploadRate,
			DownloadRate: id.Limits.DownloadRate,
			SessionBytes: id.Limits.SessionBytes,
		}
	}
	return out
}

func identityFromProto(id *authv1.Identity) *auth.Identity {
	out := &auth.Identity{
		User:        id.GetUser(),
		Groups:      id.GetGroups(),
		Home:        id.GetHome(),
		Permissions: stringsTo[auth.Permission](id.GetPermissions()),
		Limits: auth.Limits{
			Sessions:     int(id.GetLimits().GetSessions()),
			UploadRate:   id.GetLimits().GetUploadRate(),
			DownloadRate: id.GetLimits().GetDownloadRate(),
			SessionBytes: id.GetLimits().GetSessionBytes(),
		},
		// Within these bounds the duration does not overflow: checkLimits refuses negative values,
		// and no cache keeps a login for longer than maxCache.
		CacheFor: time.Duration(max(-1, min(id.GetCacheSeconds(), int64(maxCache/time.Second)))) * time.Second,
		Confirm:  id.GetConfirmCached(),
		Message:  id.GetMessage(),
		Grant:    grantFromProto(id.GetGrant()),
	}
	for _, r := range id.GetRules() {
		out.Rules = append(out.Rules, auth.Rule{Path: r.GetPath(), Permissions: stringsTo[auth.Permission](r.GetPermissions())})
	}
	return out
}

func stepFromProto(step *authv1.Step) *auth.Step {
	out := &auth.Step{Methods: stringsTo[auth.Method](step.GetMethods()), Instruction: step.GetInstruction(), State: step.GetState()}
	for _, p := range step.GetPrompts() {
		out.Prompts = append(out.Prompts, auth.Prompt{Text: p.GetText(), Echo: p.GetEcho()})
	}
	return out
}

func grantToProto(grant auth.Grant) *authv1.Grant {
	out := &authv1.Grant{
		Endpoint: grant.Endpoint,
		Token:    grant.Token.Reveal(),
		Region:   grant.Region,
		Extra:    grant.Extra,
		Renewal:  grant.Renewal,
	}
	if !grant.Expires.IsZero() {
		out.Expires = grant.Expires.Unix()
	}
	return out
}

func grantFromProto(grant *authv1.Grant) auth.Grant {
	out := auth.Grant{
		Endpoint: grant.GetEndpoint(),
		Token:    auth.Secret(grant.GetToken()),
		Region:   grant.GetRegion(),
		Extra:    grant.GetExtra(),
		Renewal:  grant.GetRenewal(),
	}
	if grant.GetExpires() != 0 {
		out.Expires = time.Unix(grant.GetExpires(), 0)
	}
	return out
}

// addrText returns the text of an address, or "" for the zero address.
func addrText(addr netip.AddrPort) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// addrOf returns the address in a text, or the zero address if there is none: an authenticator can
// do without.
func addrOf(text string) netip.AddrPort {
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}
	}
	return addr
}

func stringsOf[T ~string](in []T) []string {
	var out []string
	for _, v := range in {
		out = append(out, string(v))
	}
	return out
}

func stringsTo[T ~string](in []string) []T {
	var out []T
	for _, v := range in {
		out = append(out, T(v))
	}
	return out
}
