#!/usr/bin/env bash
# Makes a Debian package of the program that make build has built: the same bytes whenever it is made of the same.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/make-deb.sh [FOLDER]

  FOLDER    where the package is put (default: .build/deb)

environment:
  DEBFULLNAME, DEBEMAIL   who is responsible for the package (default: the author of the last commit)
  SOURCE_DATE_EPOCH       the time that it says it was made (default: that of the last commit)
END
}

revision=1
binary=${SENDER_BINARY:-$root/.build/release/sender}

last_commit() { # FORMAT
    git -C "$root" log -1 --format="$1" 2>/dev/null
}

# Names and times that do not change from one making to the next.
choose_names() {
    [[ -x $binary ]] || fail "$(shown "$binary") is not there; make build builds it"
    version=$("$binary" --version | cut -d ' ' -f 2)-$revision
    architecture=$(dpkg --print-architecture)
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(last_commit %ct)} ||
        fail "this is not a git repository: SOURCE_DATE_EPOCH must say when its source was made"
    export SOURCE_DATE_EPOCH
    maintainer="${DEBFULLNAME:-$(last_commit %an)} <${DEBEMAIL:-$(last_commit %ae)}>"
    [[ $maintainer == ?*' <'?*@?*'>' ]] || fail "DEBFULLNAME and DEBEMAIL must say who is responsible for the package"
}

install_program() {
    DESTDIR=$tree PREFIX=/usr ZSH_DIR=/usr/share/zsh/vendor-completions "$root/scripts/install.sh" >/dev/null
    # Debian has the licence in one place for all.
    rm "$tree/usr/share/doc/sender/LICENSE"
    gzip -n9 "$tree/usr/share/man/man1/sender.1"
}

write_documents() {
    local documents=$tree/usr/share/doc/sender
    cat >"$documents/copyright" <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: sender

Files: *
Copyright: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y) the authors of sender
License: Apache-2.0
Comment:
 The program holds the standard library and the FoundationEssentials of Swift, which are copyright of
 Apple Inc. and the Swift project authors, under the Apache License 2.0 with the Runtime Library
 Exception.

License: Apache-2.0
 On Debian systems the Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0.
END
    gzip -n9 >"$documents/changelog.Debian.gz" <<END
sender ($version) unstable; urgency=medium

  * Package of sender ${version%-*}.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
    chmod 644 "$documents"/{copyright,changelog.Debian.gz}
}

# The packages of the libraries that the program loads, with the versions that it needs.
depends() {
    mkdir -p "$work/debian"
    printf 'Source: sender\n\nPackage: sender\nArchitecture: any\n' >"$work/debian/control"
    (cd "$work" && dpkg-shlibdeps -O tree/usr/bin/sender) | sed -n 's/^shlibs:Depends=//p'
}

write_control() {
    local needed size
    # Looked for by dpkg-shlibdeps.
    mkdir "$tree/DEBIAN"
    needed=$(depends)
    [[ $needed == *libqpid-proton* ]] || fail "dpkg-shlibdeps does not find what the program depends on"
    # As dpkg-gencontrol counts: files in whole KiB, anything else as one.
    size=$(find "$tree/usr" -printf '%y %s\n' | awk '{ sum += $1 == "f" ? int(($2 + 1023) / 1024) : 1 }
        END { print sum }')
    (cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    cat >"$tree/DEBIAN/control" <<END
Package: sender
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $size
Depends: $needed
Section: net
Priority: optional
Description: sends AMQP 1.0 messages through a router and loses none
 A command that sends messages through a network of routers (Apache Qpid
 Dispatch) to a broker, from a counter or from what it is given.
 .
 When the broker behind the router dies, only the link is lost, not the
 connection. This sender sees that, opens the link again until the broker is
 back, sends again exactly what is in doubt, and goes on where it was
 interrupted. With --reconnect it does the same when a router dies or hangs.
END
}

main() {
    local folder package
    at_most 1 "$@"
    case ${1:-} in
        -h | --help)
            usage
            exit 0
            ;;
        -*) wrong_usage "there is no option '$1'" ;;
    esac
    umask 022
    folder=$(realpath -m "${1:-$root/.build/deb}")
    choose_names
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    tree=$work/tree
    install_program
    write_documents
    write_control
    mkdir -p "$folder"
    package=$folder/sender_${version}_$architecture.deb
    dpkg-deb --root-owner-group --build "$tree" "$package" >/dev/null
    say "$(shown "$package")"
}

main "$@"
