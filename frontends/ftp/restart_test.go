package ftp_test

import "testing"

// A transfer does not begin behind the end of what is there: what nobody has sent is not made up.
func TestRestartBehindTheEnd(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	r.put("STOR a", "1234")
	for _, command := range []string{"STOR a", "APPE a", "RETR a", "STOR new", "APPE new"} {
		r.cmd("REST 5", "350")
		nc := r.data() // between the two, as many clients do
		r.cmd(command, "55")
		nc.Close()
	}
	r.cmd("SIZE new", "550")
	r.cmd("REST 9223372036854775808", "501")
	r.cmd("REST -1", "501")
	r.cmd("REST 4", "350")
	if got := r.fetch("RETR a"); got != "" {
		t.Errorf("behind the last byte there is %q", got)
	}
	r.cmd("REST 4", "350")
	r.put("STOR a", "56")
	r.cmd("REST 6", "350")
	r.put("APPE a", "78")
	r.put("APPE new", "9") // no REST is left over
	if got := r.fetch("RETR a"); got != "12345678" {
		t.Errorf("the file is %q", got)
	}
}
