#!/usr/bin/env bash
# Installs the Debian package into a new and minimal Debian 12, and 13, sends with it, and removes it again. Needs root.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
RUN_DIR=$(mktemp -d)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/test-deb.sh PACKAGE

  PACKAGE    the .deb, as scripts/make-deb.sh makes it

environment:
  DEBIAN_MIRROR    where Debian is downloaded from (default: where debootstrap looks)
END
}

messages=5

tell() { printf '== %s\n' "$*"; }

# In a mount namespace of its own, so that nothing stays mounted in the folder that is removed at the end.
isolate() {
    if [[ -z ${ISOLATED:-} ]]; then
        rm -r "$RUN_DIR"
        ISOLATED=yes exec unshare --mount "$0" "$@"
    fi
}

tidy_up() {
    # Also for whoever presses ^C again meanwhile.
    trap '' INT TERM HUP
    BROKER='' "$root/scripts/stop-broker.sh" >/dev/null 2>&1 || true
    if [[ -n ${system:-} ]]; then
        umount "$system/proc" 2>/dev/null || true
    fi
    rm -rf --one-file-system "$RUN_DIR"
}

# Debian 12 and 13. A package needs the libraries of the Debian that it was made on, or later ones.
releases() {
    # shellcheck source=/dev/null
    if [[ $(. /etc/os-release && say "${VERSION_CODENAME:-}") == trixie ]]; then
        say trixie
    else
        say bookworm
        say trixie
    fi
}

inside() {
    chroot "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@"
}

quietly() { # COMMAND...
    "$@" >"$RUN_DIR/log" 2>&1 || {
        tail -n 20 "$RUN_DIR/log" >&2
        fail "$* failed"
    }
}

make_system() { # RELEASE
    system=$RUN_DIR/$1
    tell "a minimal $1"
    quietly debootstrap --variant=minbase "$1" "$system" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
    mount -t proc proc "$system/proc"
    quietly inside apt-get -qq update
}

# As a person would who has got the file.
install_package() {
    tell "install $(basename "$package")"
    cp "$package" "$system/tmp/sender.deb"
    quietly inside apt-get -qq install -y --no-install-recommends /tmp/sender.deb
    inside dpkg --verify sender || fail "what is installed is not what the package says"
    mapfile -t files < <(inside dpkg -L sender | while read -r file; do
        [[ -d $system$file ]] || say "$file"
    done)
    # Swift by itself looks for a program's arguments in /proc.
    umount "$system/proc"
    inside sender --version
    mount -t proc proc "$system/proc"
}

# The network is that of this machine.
send() {
    local port
    tell "send $messages messages with it"
    port=$(free_port 0)
    BROKER=stand-in quietly "$root/scripts/start-broker.sh" --background --port "$port"
    quietly inside sender -a "amqp://$host:$port/link1.test" -m "$messages" -i 0
    "$python" "$root/scripts/stand-in/count.py" store "$RUN_DIR/stand-in-store" --expect "$messages"
    quietly "$root/scripts/stop-broker.sh"
    rm "$RUN_DIR/stand-in-store"
}

complete_options() {
    tell "bash completes its options"
    # shellcheck disable=SC2016
    inside bash -c '. /usr/share/bash-completion/completions/sender
        COMP_LINE="sender --mess" COMP_POINT=13 COMP_WORDS=(sender --mess) COMP_CWORD=1
        _sender sender --mess sender
        [[ ${COMPREPLY[*]} == --messages ]]' || fail "bash does not complete --mess"
}

remove_package() {
    local file
    tell "remove it"
    quietly inside apt-get -qq purge -y sender
    ((${#files[@]} >= 7)) || fail "the package had only ${#files[@]} files"
    for file in "${files[@]}"; do
        [[ ! -e $system$file ]] || fail "$file is still there"
    done
    ! inside dpkg-query --status sender >/dev/null 2>&1 || fail "dpkg still knows it"
}

try_on() { # RELEASE
    make_system "$1"
    install_package
    send
    complete_options
    remove_package
    umount "$system/proc"
    rm -rf --one-file-system "$system"
}

main() {
    local release
    trap tidy_up EXIT
    at_most 1 "$@"
    case ${1:-} in
        '') wrong_usage "no package is named" ;;
        -h | --help)
            usage
            exit 0
            ;;
        -*) wrong_usage "there is no option '$1'" ;;
    esac
    trap 'exit 130' INT TERM HUP
    [[ $EUID -eq 0 ]] || fail "only root can make a system to install the package in: run this as root"
    isolate "$@"
    package=$1
    [[ -f $package ]] || fail "there is no file $package; make deb makes it"
    tell "lintian"
    lintian --allow-root --fail-on error,warning \
        --suppress-tags initial-upload-closes-no-bugs "$package" || fail "lintian finds fault with it"
    for release in $(releases); do
        try_on "$release"
    done
    tell "the package installs, sends and goes"
}

main "$@"
