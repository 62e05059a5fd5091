.PHONY: build run test lint clean

build: # bin/filegate and the authenticators, which filegate looks for beside itself
	go build -o bin/ ./cmd/...

run: build # a gateway over a fake Swift, to try it; it prints the lines to type
	bin/filegate demo

test: # everything, also against a real Swift and Keystone where this may install them (root on Debian 12)
	.ci/test

lint:
	.ci/lint

clean:
	rm -rf bin
