.PHONY: build run test bench chaos fuzz lint package clean

# exe instead: static programs, for a container without anything else
BUILDMODE = pie

build: # bin/filegate and the authenticators, which filegate looks for beside itself: position-independent, stripped, without paths of this machine
	CGO_ENABLED=0 go build -trimpath -buildvcs=auto -buildmode=$(BUILDMODE) -ldflags='-s -w' -o bin/ ./cmd/filegate ./cmd/filegate-auth-*

run: build # a gateway over a fake Swift, to try it; it prints the lines to type
	bin/filegate demo

test: # everything, also against a real Swift and Keystone where this may install them (root on Debian 12)
	.ci/test

bench: # figures, ours beside those of rclone, OpenSSH and curl; ARGS="-quick" for a try, ARGS=-help for more (root on Debian 12)
	.ci/bench $(ARGS)

chaos: build # clients work while gateways are killed and networks fail: ARGS="-for 10m", ARGS=-help for more
	go run ./cmd/filegate-chaos -filegate bin/filegate $(ARGS)

fuzz: # every fuzz target, a minute each; ARGS="10s FuzzSession" for another time and some of them
	.ci/fuzz $(ARGS)

package: # dist/: a .deb, an .rpm, and a list of what they consist of (CycloneDX)
	.ci/package

lint:
	.ci/lint

clean:
	rm -rf bin dist
