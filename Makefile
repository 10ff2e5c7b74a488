# make build   static programs in bin/
# make demo    play a session through them; needs nothing but Go
# make test    every test, end to end too; as root it installs what that needs
# make check   formatting and static checks
# make install, make install-drop-in, make uninstall   see docs/install.md
# make packages, packages-freebsd, tarballs, image, sbom, reproduce   what is given to others
# The other targets: build-pam race fuzz bench cross e2e fmt clean.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --abbrev=12 --dirty 2>/dev/null || echo devel)
PREFIX  ?= /usr/local
BIN     ?= bin
LIBEXEC ?= $(PREFIX)/libexec/squidauth
MAN8    ?= $(PREFIX)/share/man/man8
SHARE   ?= $(PREFIX)/share/squidauth

COMPLETIONS ?= $(PREFIX)/share/bash-completion/completions

# make install-drop-in puts links to our programs into Squid's directory of helpers; no
# file is replaced without FORCE=yes.
SQUID_LIBEXEC ?= /usr/lib/squid
FORCE         ?= no
PACKAGING     := cmd/internal/packaging

PROGRAMS  := $(notdir $(wildcard cmd/[a-z]*))
PROGRAMS  := $(filter-out internal,$(PROGRAMS))
CLI_TAGS  := urfave_cli_no_docs,urfave_cli_no_suggest
TAGS      := $(CLI_TAGS),nodb
LDFLAGS   := -s -w -X squidauth/cmd/internal/program.Version=$(VERSION)
# Without a note of the commit: the same from a clone and from an archive of the sources.
BUILD     := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -tags $(TAGS) -ldflags '$(LDFLAGS)'

# basic-db is the basic helper with the drivers of databases; "basic db" becomes that.
BUILD_DB  := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -tags $(CLI_TAGS) -ldflags '$(LDFLAGS)'
BINARIES  := $(PROGRAMS) basic-db

PLATFORMS := linux freebsd openbsd windows
FUZZTIME  ?= 20s
AT_ONCE   ?= 2 # tests: more of them end sooner, and take ports and time from one another

# The basic helper with PAM is linked to the system's libpam.
WITH_PAM  := CGO_ENABLED=1 $(GO)
PAM_GO    := ./basic/pam ./cmd/basic
HAVE_PAM  := printf '\043include <security/pam_appl.h>\n' | $(or $(CC),cc) -fsyntax-only -xc - 2>/dev/null

STATICCHECK := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.1.4

.PHONY: build build-pam man demo test check e2e race fuzz bench cross install install-drop-in uninstall fmt clean

build:
	@mkdir -p bin
	$(BUILD) -o bin/ $(addprefix ./cmd/,$(PROGRAMS))
	$(BUILD_DB) -o bin/basic-db$$($(GO) env GOEXE) ./cmd/basic
	@$(MAKE) -s man

build-pam:
	@mkdir -p bin
	$(WITH_PAM) build -trimpath -buildvcs=false -tags $(TAGS),pam -ldflags '$(LDFLAGS)' -o bin/basic-pam ./cmd/basic

man: # pages and completions, by the programs themselves
	@mkdir -p bin/man bin/completion
	@for p in $(PROGRAMS); do \
		bin/$$p manual >bin/man/squidauth-$$p.8 && bin/$$p completion >bin/completion/squidauth-$$p || exit 1; done

demo: build
	@$(GO) run ./cmd/internal/demo bin

test: build
	@sh e2e/install.sh
	$(GO) test -timeout 15m -parallel $(AT_ONCE) $(TESTFLAGS) ./...
	@if $(HAVE_PAM); then set -x; $(WITH_PAM) test -tags pam $(TESTFLAGS) $(PAM_GO); \
	else echo "left out, as there is no C compiler or no libpam0g-dev: tests with PAM"; [ "$$CI" != true ]; fi

e2e: build
	@sh e2e/install.sh
	$(GO) test -timeout 15m -parallel $(AT_ONCE) $(TESTFLAGS) ./e2e/...

race:
	CGO_ENABLED=1 $(GO) test -race -short ./protocol/... ./helper/... ./basic/... ./negotiate/... ./ntlm/... ./cmd/...

check:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted"; exit 1; fi
	$(GO) mod verify
	$(GO) vet ./...
	GOARCH=386 CGO_ENABLED=0 $(GO) vet ./...
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) vet ./...
	$(STATICCHECK) ./...
	$(GO) vet -tags nodb ./basic/db ./cmd/basic && $(STATICCHECK) -tags nodb ./basic/db ./cmd/basic
	@if $(HAVE_PAM); then set -x; $(WITH_PAM) vet -tags pam $(PAM_GO) && $(STATICCHECK) -tags pam $(PAM_GO); fi
	@$(GOVULNCHECK) ./... || { code=$$?; if [ $$code -eq 3 ]; then exit 1; fi; echo "govulncheck could not run: is its database in reach?"; }

fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$pkg; \
		done; \
	done

bench: build
	@if $(HAVE_PAM); then $(MAKE) --no-print-directory build-pam; fi
	$(GO) run ./e2e/bench $(BENCHFLAGS)

CROSS := $(foreach os,$(PLATFORMS),$(os)-amd64 $(os)-arm64)

.PHONY: $(addprefix cross-,$(CROSS))
cross: $(addprefix cross-,$(CROSS))

$(addprefix cross-,$(CROSS)): cross-%:
	@mkdir -p dist/$*
	GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) $(BUILD) -o dist/$*/ $(addprefix ./cmd/,$(PROGRAMS))
	GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) $(BUILD_DB) -o dist/$*/basic-db$(if $(filter windows-%,$*),.exe) ./cmd/basic

# link-names,DIR makes the links of DIR/drop-in to the programs in DIR.
link-names = grep -v '^\#' $(PACKAGING)/drop-in.txt | while read -r name program; do \
	[ ! -x $(1)/$$program ] || ln -sfn ../$$program $(1)/drop-in/$$name; done

install: # what was built before: root need not have Go
	@for f in $(addprefix $(BIN)/,$(BINARIES)) $(PROGRAMS:%=bin/man/squidauth-%.8); do \
		[ -e $$f ] || { echo "$$f is missing: run make build first"; exit 1; }; done
	install -d $(DESTDIR)$(LIBEXEC)/drop-in
	@set -e; for p in $(addprefix $(BIN)/,$(BINARIES)) $(wildcard $(BIN)/basic-pam); do \
		to=$(DESTDIR)$(LIBEXEC)/$${p##*/}; install -m 0755 $$p $$to.new; mv -f $$to.new $$to; done # at once: Squid may start one now
	install -d $(DESTDIR)$(MAN8) $(DESTDIR)$(COMPLETIONS)
	install -m 0644 $(foreach p,$(PROGRAMS),bin/man/squidauth-$p.8) $(DESTDIR)$(MAN8)
	install -m 0644 $(foreach p,$(PROGRAMS),bin/completion/squidauth-$p) $(DESTDIR)$(COMPLETIONS)
	@$(call link-names,$(DESTDIR)$(LIBEXEC))
	install -d $(DESTDIR)$(SHARE)
	install -m 0755 $(PACKAGING)/drop-in.sh $(DESTDIR)$(SHARE)
	install -m 0644 $(PACKAGING)/apparmor $(DESTDIR)$(SHARE)

install-drop-in: # in the place of Squid's own helpers
	@sh $(PACKAGING)/drop-in.sh install $(LIBEXEC) $(SQUID_LIBEXEC) $(if $(filter yes,$(FORCE)),force)

uninstall: # puts back what was in the place of our links
	@[ ! -d $(DESTDIR)$(LIBEXEC)/drop-in ] || sh $(PACKAGING)/drop-in.sh remove $(LIBEXEC)
	rm -rf $(DESTDIR)$(LIBEXEC)/drop-in
	rm -f $(addprefix $(DESTDIR)$(LIBEXEC)/,$(BINARIES) basic-pam)
	rm -f $(foreach p,$(PROGRAMS),$(DESTDIR)$(MAN8)/squidauth-$p.8 $(DESTDIR)$(COMPLETIONS)/squidauth-$p)
	rm -f $(DESTDIR)$(SHARE)/drop-in.sh $(DESTDIR)$(SHARE)/apparmor
	@for d in $(DESTDIR)$(LIBEXEC) $(DESTDIR)$(SHARE); do [ ! -d $$d ] || rmdir $$d || exit 1; done

include $(PACKAGING)/packages.mk

fmt:
	gofmt -w .

clean:
	rm -rf bin dist
