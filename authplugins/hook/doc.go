// Package hook is an authenticator that lets operators decide on logins with a few lines of their
// own. It sends each question, as JSON, to a program or to a web address of the operator, and reads
// the answer as JSON. The names are those of authplugin/authv1/auth.proto, which describes each of
// them.
//
// # The question
//
// A program is run once for each question. It reads the question from standard input and writes the
// answer to standard output; its standard error goes to the log. A web address gets the question as
// the body of a POST request. The question is one object:
//
//	{"op": "authenticate", "user": "alice", "method": "password", "service": "ssh",
//	 "session_id": "…", "remote": "192.0.2.7:50022", "local": "192.0.2.1:22",
//	 "client": "SSH-2.0-OpenSSH_9.2", "password": "…"}
//
// With the method "publickey" the question has public_key instead of password: the key in base64,
// as it follows the type of the key in a line of authorized_keys. With "tls-certificate",
// public_key is the certificate in DER, in base64. With both methods, verified is true if the
// client has proved that it has the private key; if verified is missing, the question is only
// whether the key would be accepted. With "keyboard-interactive" the question has answers, one for
// each prompt, and state.
//
// The option operations decides which other questions the hook gets:
//
//	{"op": "renew", "grant": {…}}            a new grant instead of one that has expired or soon will
//	{"op": "revalidate", "identity": {…}}    whether an identity is still valid
//	{"op": "release", "grant": {…}}          a notice that a grant is not needed any more
//
// # The answer
//
// The answer is one object with exactly one of the following members. For revalidate and release an
// empty object means yes.
//
//	{"identity": {"user": "alice", "groups": ["staff"], "home": "/files/alice",
//	              "permissions": ["read", "list", "write", "delete"],
//	              "rules": [{"path": "/in", "permissions": ["write"]}],
//	              "limits": {"sessions": 4, "upload_rate": 1000000},
//	              "cache_seconds": 60, "message": "Welcome.", "grant": {…}}}
//	{"grant": {"endpoint": "https://swift.example.net/v1/AUTH_x", "token": "…",
//	           "expires": 1893456000, "region": "…", "extra": {"name": "value"}, "renewal": "…"}}
//	{"next": {"methods": ["keyboard-interactive"], "instruction": "…",
//	          "prompts": [{"text": "Code: ", "echo": true}], "state": "…"}}
//	{"refusal": {"kind": "denied", "detail": "for the log", "client_text": "for the client"}}
//	{"unsupported": true}
//
// The kinds of a refusal are denied, unknown_user (the next authenticator is asked), unavailable,
// method and invalid. The texts state and renewal come back unchanged in later questions; they are
// encrypted in between. A grant without renewal is not renewed.
//
// Everything else is an invalid answer: an exit code other than 0, a status other than 200, no
// answer before the timeout, an answer that is too long, an unknown name. The client is then told
// to try again later, and the log says why.
//
// # In Python
//
//	#!/usr/bin/python3
//	import hmac, json, sys
//
//	PEOPLE = {"alice": "correct horse"}
//	GRANT = {"endpoint": "https://swift.example.net/v1/AUTH_demo", "token": "secret-of-the-storage"}
//
//	question = json.load(sys.stdin)
//	password = PEOPLE.get(question["user"])
//	if question["op"] != "authenticate":
//	    answer = {"unsupported": True}
//	elif password is None:
//	    answer = {"refusal": {"kind": "unknown_user"}}
//	elif not hmac.compare_digest(password.encode(), question["password"].encode()):
//	    answer = {"refusal": {"kind": "denied", "detail": "wrong password"}}
//	else:
//	    answer = {"identity": {"user": question["user"], "home": "/files", "grant": GRANT}}
//	json.dump(answer, sys.stdout)
//
// # In shell, with jq
//
//	#!/bin/sh
//	exec jq -c '
//	    {"alice": "correct horse"} as $people |
//	    {"endpoint": "https://swift.example.net/v1/AUTH_demo", "token": "secret-of-the-storage"} as $grant |
//	    if .op != "authenticate" then {unsupported: true}
//	    elif $people[.user] == null then {refusal: {kind: "unknown_user"}}
//	    elif $people[.user] != .password then {refusal: {kind: "denied", detail: "wrong password"}}
//	    else {identity: {user: .user, permissions: ["read", "list"], grant: $grant}}
//	    end'
//
// # Decisions
//
// An unknown name makes the whole answer invalid, although the protocol between the gateway and its
// programs ignores unknown fields. These answers are written by hand: if a misspelled permissions
// were ignored, the user would have all permissions.
//
// Passwords and answers are JSON strings, not base64 like the bytes of the protocol, so that a
// shell script can read them. A password or an answer that is not UTF-8 is refused without asking
// the hook. So are an empty user and an empty password.
//
// A program gets no data in its arguments or its environment, because other users of the machine
// can read them. The environment consists of PATH and LANG. A program is run once for each question
// instead of being kept running, because a running program must be supervised; for that, write an
// authenticator (package authplugins has the guide). A question to a web address is not repeated,
// because some proofs can be used only once.
//
// The suite is authplugins/authtest, and the program is cmd/filegate-auth-hook.
package hook
