#!/usr/bin/env bash
# Tells the whole story by itself: messages are sent, the broker is killed and comes back, and all of them are there.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# In a folder of its own, emptied first: what arrived is to be counted. And no windows: it runs unattended.
RUN_DIR=${RUN_DIR:-$(dirname "${BASH_SOURCE[0]}")/../run}/demo
unset TERMINAL
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/demo.sh

environment:
  BROKER, ROUTER    which ones, as for start-broker.sh and start-router.sh
  AMQP_PORT, BROKER_PORT
                    where they listen if that is free (default: 5672 and 9001)
  RUN_DIR           where data and logs are kept, in demo/, which is emptied first (default: run)
END
}

messages=20
interval_ms=500
kill_after=5    # acceptances
restart_after=3 # attempts to get the link back
limit_s=180     # for a broker that does not come back

sender=${SENDER_BINARY:-$root/.build/release/sender}
sender_pid=''

tell() { printf '\n== %s\n' "$*"; }

stop_all() {
    if [[ $sender_pid ]]; then
        kill -TERM "$sender_pid" 2>/dev/null || true
    fi
    "$root/scripts/stop-routers.sh" || true
    "$root/scripts/stop-broker.sh" || true
}

# The usual ports if they are free, so that the demonstration looks like the real thing, and works beside it if not.
choose_ports() {
    AMQP_PORT=$(free_port "${AMQP_PORT:-5672}")
    HTTP_PORT=none
    BROKER_PORT=$(free_port "${BROKER_PORT:-9001}")
    export AMQP_PORT HTTP_PORT BROKER_PORT
}

kill_broker() {
    tell "$kill_after messages are accepted: kill -9 to the broker"
    "$root/scripts/stop-broker.sh" --kill
}

# In the background: the sender goes on meanwhile, and is to be seen doing so. Without a broker it would wait for ever.
restart_broker() {
    tell "$restart_after attempts to get the link back have failed: the broker is started again"
    { "$root/scripts/start-broker.sh" --background || kill -TERM "$sender_pid"; } &
}

# Shows what the sender prints, and acts when it has printed enough.
send() {
    local line accepted=0 attempts=0 lines status=0
    exec {lines}< <(exec timeout --foreground "$limit_s" \
        "$sender" -a "amqp://$host:$AMQP_PORT/link1.test" -m "$messages" -i "$interval_ms" 2>&1)
    sender_pid=$!
    while IFS= read -r line <&"$lines"; do
        printf '%s\n' "$line"
        case $line in
            accepted:*) ((++accepted != kill_after)) || kill_broker ;;
            reopen_sender*) ((++attempts != restart_after)) || restart_broker ;;
        esac
    done
    wait "$sender_pid" || status=$?
    sender_pid=''
    ((attempts >= restart_after)) || fail "the sender ended (status $status) before the broker was to come back"
    wait
    [[ $status -eq 0 ]] || fail "the sender could not send everything: status $status"
}

count() {
    local count=$root/scripts/stand-in/count.py
    tell "what the broker has"
    case $(cat "$RUN_DIR/broker.kind") in
        stand-in) "$python" "$count" store "$RUN_DIR/stand-in-store" --expect "$messages" ;;
        *) "$python" "$count" queue "amqp://$host:$BROKER_PORT/link1.test" --expect "$messages" ;;
    esac || fail "not all of the $messages messages are there"
}

main() {
    at_most 1 "$@"
    case ${1:-} in
        '') ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) wrong_usage "there is no option '$1'" ;;
    esac
    [[ -x $sender ]] || fail "$(shown "$sender") is not there; make build builds it"
    if [[ -d $RUN_DIR ]]; then
        stop_all >/dev/null
        rm -rf "$RUN_DIR"
    fi
    trap stop_all EXIT
    trap 'exit 130' INT TERM HUP
    choose_ports
    tell "a broker and a router"
    "$root/scripts/start-broker.sh" --background
    "$root/scripts/start-router.sh" --background "$root/single-node.conf"
    tell "$messages messages, one every $interval_ms ms"
    send
    count
    tell "the broker was killed, and nothing is lost"
}

main "$@"
