// Package hook is the authenticator for those who want to decide on logins in a few lines: it gives
// each question, as JSON, to a program of the operator's or to a web address of his, and takes the
// answer as JSON. The names are those of authplugin/authv1/auth.proto, which has more to say of
// each.
//
// # The question
//
// A program gets it on standard input, is run once for each, and answers on standard output; what
// it writes to standard error goes to the log. A web address gets it as the body of a POST. It is
// one object:
//
//	{"op": "authenticate", "user": "alice", "method": "password", "service": "ssh", "session_id": "…", "remote": "192.0.2.7:50022",
//	 "local": "192.0.2.1:22", "client": "SSH-2.0-OpenSSH_9.2", "password": "…"}
//
// With the method "publickey" there is public_key in place of the password, in base64: what stands
// after the kind of key in a line of authorized_keys. With "tls-certificate" it is the certificate
// in DER. There verified says whether the client has proved that it has the private key; while it
// is missing, the question is only whether the key would do. With "keyboard-interactive" there are
// answers, one for each prompt, and state.
//
// What else is asked depends on the option operations:
//
//	{"op": "renew", "grant": {…}}            a fresh grant in place of one that has ended or soon will
//	{"op": "revalidate", "identity": {…}}    whether an identity that was given is still good
//	{"op": "release", "grant": {…}}          that a grant is not needed any more
//
// # The answer
//
// It is one object with one of these in it; for revalidate and release an empty one says yes.
//
//	{"identity": {"user": "alice", "groups": ["staff"], "home": "/files/alice", "permissions": ["read", "list", "write", "delete"],
//	              "rules": [{"path": "/in", "permissions": ["write"]}], "limits": {"sessions": 4, "upload_rate": 1000000},
//	              "cache_seconds": 60, "message": "Welcome.", "grant": {…}}}
//	{"grant": {"endpoint": "https://swift.example.net/v1/AUTH_x", "token": "…", "expires": 1893456000, "region": "…",
//	           "extra": {"name": "value"}, "renewal": "…"}}
//	{"next": {"methods": ["keyboard-interactive"], "instruction": "…", "prompts": [{"text": "Code: ", "echo": true}], "state": "…"}}
//	{"refusal": {"kind": "denied", "detail": "for the log", "client_text": "for the client"}}
//	{"unsupported": true}
//
// The kinds of a refusal are denied, unknown_user (the next authenticator is asked), unavailable,
// method and invalid. The texts state and renewal come back as they were given; on the way nobody
// can read or change them. Without renewal a grant is not renewed.
//
// Everything else is no answer: another exit code than 0, another status than 200, no answer in
// time, too much of it, a name that is not above. Then the client is told to try again later, and
// the log says why.
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
// A name in an answer that is not known makes all of it bad, other than in the protocol between
// programs, where it is passed over. These answers are written by hand, and a permission that is
// lost by a slip of the pen would be every permission.
//
// Passwords and answers are text in JSON and not base64 as the protocol's bytes would be, so that a
// shell can read them; one that is no UTF-8 is refused without asking. So are an empty user and an
// empty password.
//
// A program gets nothing by its arguments or its environment, which others on the machine can read:
// the environment is PATH and LANG. It is run once for each question and not kept, since what is
// kept has to be watched; whoever needs that writes an authenticator, for which authplugins is the
// guide. A question to a web address is not repeated: some proofs are good only once.
//
// The suite is authplugins/authtest, the program cmd/filegate-auth-hook.
package hook
