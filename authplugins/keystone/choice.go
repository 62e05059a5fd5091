package keystone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"

	"filegate/core/auth"
)

// maxListing is the size limit of the list of projects that clients are shown, in bytes.
const maxListing = 3 << 10

// project is a project that a user may choose.
type project struct {
	ID    string
	Label string // as in a login: with its domain, unless that is the default one
}

// offerProjects asks the client to choose a project. If the client cannot be asked, the login is
// refused, and the refusal lists the projects.
func (at *attempt) offerProjects(ctx context.Context, got token) (auth.Response, error) {
	all, more, err := at.projects(ctx, got.id)
	if err != nil {
		return auth.Response{}, err
	}
	// FTP has no further steps of a login.
	if len(all) == 0 || at.via == "ftp" {
		_ = at.revoke(ctx, got.id) // if this fails, the token stays valid until it expires
		text := "There is no project that you may use."
		if len(all) > 0 {
			labels := make([]string, len(all))
			for i, p := range all {
				labels[i] = p.Label
			}
			text = "Log in as PROJECT" + at.form.tenant + "USER. The projects are: " + strings.Join(labels, ", ")
			if more > 0 {
				text += fmt.Sprintf(", and %d more", more)
			}
		}
		return auth.Response{}, &auth.Error{Kind: auth.ErrDenied, Text: text, Err: fmt.Errorf("user %s asked for his projects, of which there are %d", got.user, len(all))}
	}
	var list strings.Builder
	for i, p := range all {
		fmt.Fprintf(&list, "%3d  %s\n", i+1, p.Label)
	}
	if more > 0 {
		fmt.Fprintf(&list, "and %d more, for which log in as PROJECT%sUSER\n", more, at.form.tenant)
	}
	s := state{Login: at.login, Account: at.credential, Token: got.id, Projects: all}
	return at.step(s, list.String(), auth.Prompt{Text: "Project (number or name): ", Echo: true})
}

// chosen continues a login with the name or the number of a project.
func (at *attempt) chosen(ctx context.Context, s state, answer string) (auth.Response, error) {
	answer = strings.TrimSpace(answer)
	i := slices.IndexFunc(s.Projects, func(p project) bool { return p.Label == answer })
	if n, err := strconv.Atoi(answer); i < 0 && err == nil {
		i = n - 1
	}
	if i < 0 || i >= len(s.Projects) {
		_ = at.revoke(ctx, s.Token)
		return auth.Response{}, &auth.Error{Kind: auth.ErrDenied, Text: "There is no such project.", Err: errors.New("the answer is none of the projects")}
	}
	at.credential.ProjectID = s.Projects[i].ID
	got, err := at.ask(ctx, question{
		methods: object{tokenMethod: object{"id": s.Token}}, scope: projectScope(s.Projects[i].ID),
		login: at.login, forwardedFor: at.credential.ForwardedFor,
	})
	_ = at.revoke(ctx, s.Token) // not needed any more
	if err != nil {
		return auth.Response{}, err
	}
	return at.identity(got)
}

// projects returns the projects that the owner of a token may use, as many as can be shown, and the
// number of the others.
func (at *attempt) projects(ctx context.Context, id string) (shown []project, more int, err error) {
	var all []projects.Project
	err = at.service.Try(ctx, func(ctx context.Context) error {
		client := at.client(at.credential.ForwardedFor)
		client.TokenID = id
		pages, err := projects.ListAvailable(client).AllPages(ctx)
		if err == nil {
			all, err = projects.ExtractProjects(pages)
		}
		return question{}.failure(err)
	})
	if err != nil {
		return nil, 0, err
	}
	slices.SortFunc(all, func(a, b projects.Project) int { return strings.Compare(a.Name, b.Name) })
	length := 0
	for _, p := range all {
		if !p.Enabled {
			continue
		}
		label := printable(p.Name)
		if p.DomainID != "default" || at.config.DefaultDomain != "default" {
			label += at.form.domain + idMark + printable(p.DomainID)
		}
		if length += len(label) + len("  1  \n"); length > maxListing {
			more++
			continue
		}
		shown = append(shown, project{ID: p.ID, Label: label})
	}
	return shown, more, nil
}
