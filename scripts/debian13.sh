#!/usr/bin/env bash
# Builds, or sends and tests, in a new and minimal Debian 13 with all that is installed there from Debian. Needs root.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/debian13.sh [--if-possible] build|test

  build            make build-tests: sources and tests with Debian 13's Swift, warnings as errors
  test             make send and make test, in one
  --if-possible    without root or without debootstrap, say so and end with status 0

environment:
  DEBIAN_MIRROR    where Debian is downloaded from (default: where debootstrap looks)
END
}

worker=''

tell() { printf '== %s\n' "$*"; }

# Runs a command with mounts and processes of its own, all of which go when it ends.
isolated() { # COMMAND...
    unshare --mount --pid --fork --kill-child --mount-proc "$@" &
    worker=$!
    local status=0
    wait "$worker" || status=$?
    worker=''
    return "$status"
}

inside() { # COMMAND...
    # The first process stays, and takes in those that lose their parents.
    # shellcheck disable=SC2016
    isolated bash -c 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && chroot "$0" "$@"; exit' "$system" \
        /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} "$@"
}

quietly() { # COMMAND...
    "$@" >"$folder/log" 2>&1 || {
        tail -n 40 "$folder/log" >&2
        fail "$* failed"
    }
}

# Its first process is killed with it, and with that all others; it is gone when they are.
stop_worker() {
    local first=''
    if [[ -n $worker ]]; then
        read -r first <"/proc/$worker/task/$worker/children" || true
        kill -KILL "$worker" 2>/dev/null || true
        wait "$worker" 2>/dev/null || true
        [[ -z $first ]] || wait_gone "$first" 60 || true
    fi
}

tidy_up() {
    # Also for whoever presses ^C again while gigabytes are removed.
    trap '' INT TERM HUP
    stop_worker
    if grep -qF " $folder/" /proc/self/mountinfo; then
        warn "something is still mounted in $folder, which is left there"
    else
        rm -rf --one-file-system "$folder"
    fi
}

make_system() {
    tell "a minimal Debian 13 with git and make, and the sources"
    quietly isolated debootstrap --variant=minbase trixie "$system" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
    say 'Acquire::Retries "3";' >"$system/etc/apt/apt.conf.d/80retries"
    quietly inside apt-get -qq update
    quietly inside apt-get -qq install -y --no-install-recommends git make ca-certificates
    mkdir "$system/srv/sender"
    tar -C "$root" --exclude=./.build --exclude=./run -c . | tar -C "$system/srv/sender" --no-same-owner -x
}

build() {
    tell "make build-tests"
    quietly inside make -C /srv/sender build-tests
    quietly inside swift --version
    tell "sources and tests build with $(head -n 1 "$folder/log")"
}

send_and_test() {
    local amqp_port broker_port enabled
    amqp_port=$(free_port 5672)
    broker_port=$(free_port 9001)
    tell "make send, make test"
    # The network is that of this machine.
    # shellcheck disable=SC2016
    inside bash -c 'cd /srv/sender && make send AMQP_PORT="$0" BROKER_PORT="$1" HTTP_PORT=none && make test' \
        "$amqp_port" "$broker_port" || fail "make send or make test failed in Debian 13"
    enabled=$(find "$system"/etc/systemd/system/*.wants "$system"/etc/rc?.d -name '*epmd*' -o -name 'S*rabbitmq*')
    [[ -z $enabled ]] || fail "what the tests need is started at boot: $enabled"
    tell "make send and make test pass in Debian 13"
}

# The reason why there can be no Debian 13 here; nothing if there can.
what_lacks() {
    if [[ $EUID -ne 0 ]]; then
        say "only root can make one: run this as root"
    elif ! have debootstrap; then
        say "there is no debootstrap; scripts/install-needs.sh debootstrap installs it"
    fi
}

main() {
    local if_possible='' work='' reason
    while (($#)); do
        case $1 in
            --if-possible) if_possible=yes ;;
            -h | --help)
                usage
                exit 0
                ;;
            -*) wrong_usage "there is no option '$1'" ;;
            *)
                [[ -z $work ]] || wrong_usage "'$1' is one word too many"
                work=$1
                ;;
        esac
        shift
    done
    case $work in
        build | test) ;;
        '') wrong_usage "it is not said what to do in it" ;;
        *) wrong_usage "build and test are what can be done, not '$work'" ;;
    esac
    reason=$(what_lacks)
    if [[ -n $reason ]]; then
        [[ -n $if_possible ]] || fail "a Debian 13 is needed: $reason"
        say "not tried in a Debian 13: $reason"
        exit 0
    fi
    folder=$(mktemp -d)
    system=$folder/debian
    trap tidy_up EXIT
    trap 'exit 130' INT TERM HUP
    make_system
    case $work in
        build) build ;;
        test) send_and_test ;;
    esac
}

main "$@"
