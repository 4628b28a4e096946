#!/usr/bin/env bash
# Installs what is missing for a purpose, with apt-get; does nothing if all is there.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/install-needs.sh [PURPOSE...]

  build      tools and libraries to build the program; Swift also if there is none and apt has 6.0 or later (Debian 13)
  peers      packages that the scripts and the stand-ins run on, and the broker that BROKER names
             (artemis, the default if ARTEMIS_HOME is set: a Java runtime; rabbitmq: RabbitMQ)
  send       build, peers and valgrind (the default)
  test       send, deb, RabbitMQ, the shells and formatters that read the output of --generate, and the library that
             checks events against their schema
  lint       checkers of the sources: shellcheck, and clang-format 14 where apt has it
  bench      build, valgrind, and proton's examples with their compiler
  deb        tools to make the package
  test-deb   deb, and tools to test the package: peers, debootstrap and lintian
  java, rabbitmq, valgrind, debootstrap
             just that
END
}

policy=/usr/sbin/policy-rc.d
missing=()

may_install() { have apt-get && { [[ $EUID -eq 0 ]] || have sudo; }; }

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    else
        sudo "$@"
    fi
}

# ---- What is missing: looked for by what it is needed for, not by package, as it may have come another way -----------

need_build() {
    have swift || need_swift
    [[ -e /usr/include/proton/container.hpp ]] || missing+=(libqpid-proton-cpp12-dev)
    [[ -e /usr/include/proton/proactor.h ]] || missing+=(libqpid-proton11-dev)
    [[ -e /usr/include/openssl/ssl.h ]] || missing+=(libssl-dev)
    need_cxx_library
}

need_swift() {
    local version
    if [[ -n ${SUDO_USER:-} ]]; then
        fail "Swift is not on the PATH, which sudo resets: run this as $SUDO_USER, without sudo"
    fi
    look_for_lists
    version=$(candidate swiftlang)
    if [[ -n $version ]] && dpkg --compare-versions "$version" ge 6.0; then
        say "Swift is missing, and apt has it: swiftlang $version, a download of about 450 MB"
        missing+=(swiftlang)
    else
        fail "Swift is missing: install 6.0 or later (swift.org/install), put it on the PATH, and run this again"
    fi
}

# Swift's clang takes the newest GCC that it finds, also one that came without its C++ library.
need_cxx_library() {
    local newest
    newest=$(printf '%s\n' /usr/lib/gcc/*-linux-gnu*/* | sed -nE 's:.*/([0-9]+)$:\1:p' | sort -n | tail -1)
    if [[ -z $newest ]]; then
        missing+=(g++)
    elif [[ ! -e /usr/include/c++/$newest/vector ]]; then
        missing+=("libstdc++-$newest-dev")
    fi
}

need_clang_format() {
    look_for_lists
    [[ -z $(candidate clang-format-14) ]] || missing+=(clang-format-14)
}

need_peers() {
    # Not by importing it, which takes four times as long.
    if ! $python -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("proton"))' 2>/dev/null; then
        missing+=(python3-qpid-proton)
    fi
    case ${BROKER:-} in
        rabbitmq) need_rabbitmq ;;
        artemis) need_java ;;
        '') [[ -z ${ARTEMIS_HOME:-} ]] || need_java ;;
    esac
}

need_valgrind() { have valgrind || missing+=(valgrind); }

# Events are held against their schema with it.
need_schema() {
    $python -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("jsonschema"))' 2>/dev/null ||
        missing+=(python3-jsonschema)
}

need_rabbitmq() { [[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]] || missing+=(rabbitmq-server); }

# Artemis wants 17 or later. (Debian's package "artemis" is a genome browser.)
need_java() {
    local java=java version
    [[ -z ${JAVA_HOME:-} ]] || java=$JAVA_HOME/bin/java
    version=$("$java" -version 2>&1 | sed -nE '1s/.*"([0-9]+).*/\1/p') || true
    [[ ${version:-0} -ge 17 ]] || missing+=(default-jre-headless)
}

need() { # PURPOSE
    case $1 in
        build) need_build ;;
        peers) need_peers ;;
        send)
            need build
            need peers
            need_valgrind
            ;;
        test)
            need send
            need_rabbitmq
            have openssl || missing+=(openssl)
            have git || missing+=(git)
            have jq || missing+=(jq)
            need deb
            have zsh || missing+=(zsh)
            have fish || missing+=(fish)
            have mandoc || missing+=(mandoc)
            have groff || missing+=(groff-base)
            need_schema
            ;;
        lint)
            have shellcheck || missing+=(shellcheck)
            have clang-format-14 || need_clang_format
            ;;
        bench)
            need build
            need_valgrind
            have openssl || missing+=(openssl)
            have c++ || missing+=(g++)
            # It is measured against a stand-in.
            ! have qpid-send || need_peers
            [[ -e /usr/share/proton/examples/c/direct.c ]] || missing+=(libqpid-proton11-dev-examples)
            ;;
        deb) have dpkg-shlibdeps || missing+=(dpkg-dev) ;;
        test-deb)
            need deb
            need peers
            need debootstrap
            have lintian || missing+=(lintian)
            ;;
        debootstrap) [[ -x /usr/sbin/debootstrap ]] || missing+=(debootstrap) ;;
        java) need_java ;;
        rabbitmq) need_rabbitmq ;;
        valgrind) need_valgrind ;;
        *) wrong_usage "there is no purpose '$1'" ;;
    esac
}

# ---- Getting it ------------------------------------------------------------------------------------------------------

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"; }

# The version of a package that apt would install; nothing if it knows none.
candidate() { # PACKAGE
    # Read to its end: apt-cache would fail at a pipe that is closed.
    LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -nE 's/^ *Candidate: ([^(].*)/\1/p'
}

known_to_apt() {
    local package
    for package in "${missing[@]}"; do
        [[ -n $(candidate "$package") ]] || return 1
    done
}

# A broken source of other packages is no reason to end: what is needed here is Debian's.
update_lists() {
    apt_get update || warn "apt-get update failed; going on with the lists that are there"
}

# A new machine has none, and would seem to have no package at all; apt knows g++ always, once it has lists.
look_for_lists() {
    if may_install && [[ -z $(candidate g++) ]]; then
        update_lists
    fi
}

install_packages() { apt_get install -y --no-install-recommends "${missing[@]}" >/dev/null; }

install_missing() {
    local updated=''
    say "installing ${missing[*]} with apt-get"
    if ! known_to_apt; then
        update_lists
        updated=yes
    fi
    if install_packages; then
        return
    fi
    # Lists of last month name versions that are gone.
    if [[ -z $updated ]]; then
        update_lists
        if install_packages; then
            return
        fi
    fi
    fail "apt-get could not install ${missing[*]}; what it says above has to be put right first"
}

# Debian starts RabbitMQ and Erlang's epmd when they are installed, on the router's port and on all interfaces, and at
# every boot from then on. We only want the programs; policy-rc.d is how Debian is told not to start services.
install_without_services() {
    local links_before
    links_before=$(boot_links)
    if [[ -x $policy ]] && denied_already; then
        install_missing
    else
        trap restore_policy EXIT
        trap 'exit 130' INT TERM HUP
        [[ ! -e $policy ]] || as_root mv "$policy" "$policy.before-sender"
        printf '#!/bin/sh\n# For the moment of an installation by scripts/install-needs.sh.\nexit 101\n' |
            as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        install_missing
        restore_policy
        trap - EXIT INT TERM HUP
    fi
    remove_boot_links "$links_before"
}

# The links that start them at boot, with systemd or without; also there where there is no systemctl.
boot_links() {
    local link
    for link in /etc/systemd/system/*.wants/{epmd,rabbitmq-server}.* /etc/rc?.d/S*rabbitmq-server; do
        if [[ -L $link ]]; then
            say "$link"
        fi
    done
}

# Those that have come; what was enabled before is wanted.
remove_boot_links() { # LINKS BEFORE
    local link
    while IFS= read -r link; do
        case $link in
            '') ;;
            /etc/rc?.d/*) as_root /usr/sbin/update-rc.d rabbitmq-server disable ;;
            *) as_root rm "$link" ;;
        esac
    done < <(boot_links | grep -vxF "${1:-none}")
}

denied_already() {
    local status=0
    "$policy" rabbitmq-server start >/dev/null 2>&1 || status=$?
    [[ $status -eq 101 ]]
}

restore_policy() {
    as_root rm -f "$policy"
    [[ ! -e $policy.before-sender ]] || as_root mv "$policy.before-sender" "$policy"
}

main() {
    local purpose
    [[ ${1:-} != -h && ${1:-} != --help ]] || {
        usage
        exit 0
    }
    (($#)) || set -- send
    for purpose in "$@"; do
        need "$purpose"
    done
    ((${#missing[@]})) || exit 0
    have apt-get || fail "missing here: ${missing[*]} (Debian's names); there is no apt-get, so install them by hand"
    may_install || fail "missing here: ${missing[*]}; there is no sudo, so install them as root"
    case " ${missing[*]} " in
        *' rabbitmq-server '*) install_without_services ;;
        *) install_missing ;;
    esac
}

main "$@"
