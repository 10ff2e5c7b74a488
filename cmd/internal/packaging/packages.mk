# What is given to others, in dist/: packages, archives, an image, and the lists of what is
# in them. Included by the Makefile. All of it is the same wherever and whenever it is made
# of one commit; "make reproduce" tries that out.

# dpkg and rpm are to sort versions as they follow each other: 1.2~rc1, 1.2, 1.2+3.gabc; and
# commits without a tag by their time. All files are of the time of the commit.
COMMIT_TIME     = $(shell TZ=UTC0 git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd 2>/dev/null || echo 0)
PACKAGE_VERSION = $(shell echo $(if $(filter v%,$(VERSION)),,0.0+git$(COMMIT_TIME).)$(VERSION) | \
	sed 's/^v//; s/-dirty$$/+dirty/; s/-\([0-9]*\)-g/+\1.g/; s/-/~/g')
EPOCH           = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

# Whom users of the packages turn to.
MAINTAINER ?= squidauth <squidauth@localhost>

# Of "make packages"; squidauth-pam is for this machine alone.
ARCHS ?= amd64 arm64
KINDS ?= deb rpm

NFPM      := $(GO) run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.0
CONTAINER ?= podman

.PHONY: packages nfpm package-pam packages-freebsd tarballs image sbom copyright reproduce

packages: build copyright $(ARCHS:%=cross-linux-%)
	rm -f dist/*.deb dist/*.rpm
	@set -e; for arch in $(ARCHS); do $(call stage,linux-$$arch,/usr); $(call pack,squidauth,$$arch); done
	@if $(HAVE_PAM); then $(MAKE) --no-print-directory package-pam; \
	else echo "left out, as there is no C compiler or no libpam0g-dev: squidauth-pam"; fi
	@$(sums)

nfpm: # fetched and compiled, if that was not done before
	@$(NFPM) --version >/dev/null

# With what it is linked to, for this machine's architecture alone.
package-pam: build-pam copyright
	@umask 022; rm -rf dist/root && install -d dist/root/usr/libexec/squidauth/drop-in dist/root/usr/share/doc/squidauth-pam
	@install -m 0755 bin/basic-pam dist/root/usr/libexec/squidauth
	@install -m 0644 dist/copyright dist/root/usr/share/doc/squidauth-pam
	@$(call link-names,dist/root/usr/libexec/squidauth)
	@set -e; export GLIBC=$$(objdump -T bin/basic-pam | sed -n 's/.*(\{0,1\}GLIBC_\([0-9.]*\).*/\1/p' | sort -uV | tail -n 1); \
	[ -n "$$GLIBC" ] || { echo "objdump says of no C library that basic-pam needs it"; exit 1; }; \
	$(call pack,squidauth-pam,$$($(GO) env GOARCH))

packages-freebsd: build copyright cross-freebsd-amd64 cross-freebsd-arm64
	rm -f dist/*.pkg
	@set -e; for arch in amd64 arm64; do $(call stage,freebsd-$$arch,/usr/local); \
		package=dist/squidauth-$(PACKAGE_VERSION)-freebsd-$$arch.pkg; echo $$package; \
		$(GO) run ./$(PACKAGING)/freebsd -version '$(PACKAGE_VERSION)' -maintainer '$(MAINTAINER)' -arch $$arch -time $(EPOCH) \
			-meta dist/freebsd-$$arch-package dist/root >dist/package.tar; \
		xz -T1 -c dist/package.tar >$$package; rm -f dist/package.tar; done
	@$(sums)

# To be unpacked in /. Without folders, whose owners and modes are not ours to change.
TARBALLS := $(filter-out windows-%,$(CROSS))
tarballs: build copyright $(addprefix cross-,$(TARBALLS))
	rm -f dist/*.tar.gz
	@set -e; for platform in $(TARBALLS); do $(call stage,$$platform,/usr/local); \
		archive=dist/squidauth-$(PACKAGE_VERSION)-$$platform.tar.gz; echo $$archive; \
		(cd dist/root && find usr ! -type d | LC_ALL=C sort) | \
			tar -C dist/root -T - --owner=0 --group=0 --numeric-owner --mtime=@$(EPOCH) -cf - | gzip -9n >$$archive; done
	@$(sums)

# For COPY --from in the Containerfile of a Squid.
image: build copyright cross-linux-$(shell $(GO) env GOARCH 2>/dev/null)
	@$(call stage,linux-$$($(GO) env GOARCH),/usr)
	$(CONTAINER) build -f $(PACKAGING)/Containerfile --target programs -t squidauth:latest dist/root
	@rm -rf dist/root

# What the programs are made of: each notes that in itself.
sbom: build
	@mkdir -p dist
	$(GO) run ./$(PACKAGING)/sbom -version '$(VERSION)' $(addprefix bin/,$(BINARIES)) $(wildcard bin/basic-pam) >dist/squidauth.cdx.json
	@$(sums)

# Our licence, and those of all that is linked into the programs.
copyright: build
	@mkdir -p dist
	$(GO) run ./$(PACKAGING)/copyright LICENSE $(addprefix bin/,$(BINARIES)) >dist/copyright

reproduce:
	GO='$(GO)' NFPM='$(NFPM)' sh $(PACKAGING)/reproduce.sh

# stage,PLATFORM,PREFIX puts into dist/root what a package has.
stage = umask 022; rm -rf dist/root; \
	$(MAKE) -s install BIN=dist/$(1) DESTDIR=dist/root PREFIX=$(2); \
	install -d dist/root$(2)/share/doc/squidauth; \
	install -m 0644 docs/* dist/copyright dist/root$(2)/share/doc/squidauth; \
	gzip -9nf dist/root$(2)/share/man/man8/*

# pack,NAME,ARCH makes the packages NAME.yaml tells of.
pack = for kind in $(KINDS); do \
	ARCH=$(2) VERSION='$(PACKAGE_VERSION)' MAINTAINER='$(MAINTAINER)' SOURCE_DATE_EPOCH=$(EPOCH) \
	$(NFPM) package -f $(PACKAGING)/$(1).yaml -p $$kind -t dist/; done

sums = rm -rf dist/root; cd dist && find . -type f ! -name SHA256SUMS | sed 's|^\./||' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS
