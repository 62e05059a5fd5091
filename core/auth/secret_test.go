package auth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"filegate/core/auth"
)

// However a secret is printed, alone or in something else, it does not show.
func TestSecretDoesNotShow(t *testing.T) {
	const text = "hunter2"
	secret := auth.Secret(text)
	id := auth.Identity{User: "alice", Grant: auth.Grant{Token: secret}}
	req := auth.Request{User: "alice", Password: secret, Answers: []auth.Secret{secret}}
	printed := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		printed["secret "+verb] = fmt.Sprintf(verb, secret)
		printed["identity "+verb] = fmt.Sprintf(verb, id)
		printed["pointer "+verb] = fmt.Sprintf(verb, &id)
		printed["request "+verb] = fmt.Sprintf(verb, req)
		printed["map "+verb] = fmt.Sprintf(verb, map[string]any{"password": secret})
		printed["error "+verb] = fmt.Sprintf(verb, fmt.Errorf("login with %v: %w", secret, auth.ErrDenied))
	}
	for name, v := range map[string]any{"secret": secret, "identity": id, "request": req} {
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		printed["json of "+name] = string(encoded)
	}
	var buf bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
		slog.New(h).Info("login", "password", secret, "identity", id, "group", slog.GroupValue(slog.Any("token", secret)))
	}
	printed["log"] = buf.String()
	for how, out := range printed {
		if strings.Contains(out, text) {
			t.Errorf("%s shows it: %s", how, out)
		}
	}
	if secret.Reveal() != text {
		t.Error("Reveal does not give it out")
	}
}
