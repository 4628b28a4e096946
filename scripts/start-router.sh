#!/usr/bin/env bash
# Runs a router in the foreground until ^C: qdrouterd, skrouterd, or the stand-in with the same configuration.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/start-router.sh [--background] [--which | --look] CONF

  CONF               single-node.conf, dual-node-broker-side.conf, dual-node-client-side.conf, message-route.conf,
                     or one of your own
  --background       return when the router answers; it keeps running, with a log file (with TERMINAL: in a window)
  --which            only say which router would be started
  --look             only see whether it can be: its ports are free, or it is running

environment:
  ROUTER             qdrouterd, skrouterd (skupper-router, only for message routes) or stand-in
                     (default: qdrouterd if it is there)
  AMQP_PORT, HTTP_PORT, INTER_ROUTER_PORT, BROKER_PORT
                     ports that a copy of CONF gets instead of 5672, 8672, 8001 and 9001
                     (HTTP_PORT: AMQP_PORT + 3000 if only that is given; none: no web console)
  RUN_DIR            where the copy, logs and pid files are kept (default: run)
  TERMINAL           a terminal program, for --background
END
}

amqp_port=${AMQP_PORT:-5672}
http_port=${HTTP_PORT:-$((amqp_port + 3000))}
inter_router_port=${INTER_ROUTER_PORT:-8001}
broker_port=${BROKER_PORT:-9001}

parse_options() {
    background='' which='' look='' conf=''
    while (($#)); do
        case $1 in
            --background) background=yes ;;
            --which) which=yes ;;
            --look) look=yes ;;
            -h | --help)
                usage
                exit 0
                ;;
            -*) wrong_usage "there is no option '$1'" ;;
            *)
                [[ -z $conf ]] || wrong_usage "'$1' is one word too many"
                conf=$1
                ;;
        esac
        shift
    done
    [[ $which ]] && return
    [[ $conf ]] || wrong_usage "no configuration is named"
    [[ -f $conf ]] || fail "there is no file $conf"
    check_port_number AMQP_PORT "$amqp_port"
    [[ $http_port == none ]] || check_port_number HTTP_PORT "$http_port"
    check_port_number INTER_ROUTER_PORT "$inter_router_port"
    check_port_number BROKER_PORT "$broker_port"
}

pick_router() {
    case ${ROUTER:-} in
        '') if have qdrouterd; then say qdrouterd; else say stand-in; fi ;;
        stand-in) say stand-in ;;
        qdrouterd | skrouterd)
            have "$ROUTER" || fail "ROUTER=$ROUTER can't be started: there is no $ROUTER on the PATH"
            say "$ROUTER"
            ;;
        *) fail "the routers known here are qdrouterd, skrouterd and stand-in, not ROUTER=$ROUTER" ;;
    esac
}

# skupper-router would only say that it does not know the section.
check_routes() { # ROUTER
    if [[ $1 == skrouterd ]] && grep -qE '^[[:space:]]*linkRoute[[:space:]]*\{' "$conf"; then
        fail "skrouterd has no link routes, which $conf wants; message-route.conf has none"
    fi
}

# Each line is changed once at most, so that a port may take the number that another one gives up.
with_ports() { # CONF
    sed -E -e "s/^([[:space:]]*port:[[:space:]]*)5672[[:space:]]*\$/\\1$amqp_port/;t" \
        -e "s/^([[:space:]]*port:[[:space:]]*)8001[[:space:]]*\$/\\1$inter_router_port/;t" \
        -e "s/^([[:space:]]*port:[[:space:]]*)9001[[:space:]]*\$/\\1$broker_port/;t" \
        -e "s/^([[:space:]]*port:[[:space:]]*)8672[[:space:]]*\$/\\1$http_port/" "$1" |
        if [[ $http_port == none ]]; then without_web_console; else cat; fi
}

without_web_console() {
    awk '/^[a-zA-Z]+[ \t]*{/ { section = ""; inside = 1 }
        inside { section = section $0 "\n"
                 if (/^}/) { inside = 0; if (section !~ /\n[ \t]*http:[ \t]*(yes|true)/) printf "%s", section }
                 next }
        { print }'
}

# The ports of the listeners, with "http" or "amqp" in front.
listeners() {
    awk '/^listener[ \t]*{/ { port = ""; kind = "amqp"; inside = 1 }
        inside && $1 == "port:" { port = $2 == "amqp" ? 5672 : $2 }
        inside && $1 == "http:" && $2 ~ /^(yes|true)$/ { kind = "http" }
        /^}/ { if (inside && port != "") print kind, port; inside = 0 }'
}

first_amqp_listener() { listeners | awk '$1 == "amqp" && !port { port = $2 } END { print port }'; }

# The variable or file that gives the port on which the router is asked another number.
port_name() {
    case $(first_amqp_listener <"$conf") in
        5672) say AMQP_PORT ;;
        8001) say INTER_ROUTER_PORT ;;
        *) say "$conf" ;;
    esac
}

# Whether the port is free; not, if it is answered by a router, which is as good.
is_port_free() { # NAME PORT
    local status=0 way_out
    way_out="stop it, or choose another port with $(port_name)"
    ask_port "$2" || status=$?
    case $status in
        0)
            grep -qi router <<<"$answer" ||
                fail "port $2 is answered by something that is no router ($answer); $way_out"
            say "$1: already running on port $2: $answer"
            return 1
            ;;
        1) ;;
        *) fail "port $2 is taken by something that does not speak AMQP 1.0 ($answer); $way_out" ;;
    esac
}

# qdrouterd 1.19 crashes if it can't have the port of its web console.
check_web_console() {
    local kind port
    while read -r kind port; do
        if [[ $kind == http && $(free_port "$port") != "$port" ]]; then
            fail "port $port, for the router's web console, is taken; choose another with HTTP_PORT (none: without it)"
        fi
    done < <(with_ports "$conf" | listeners)
}

main() {
    local router name copy port
    unblock_signals "$@"
    parse_options "$@"
    router=$(pick_router)
    if [[ $which ]]; then
        say "$router"
        exit 0
    fi
    check_routes "$router"
    name=router-$(basename "$conf" .conf)
    copy=$RUN_DIR/$(basename "$conf")
    mkdir -p "$RUN_DIR"
    [[ $(realpath "$conf") != "$copy" ]] || fail "$conf is the copy that this script writes; name the original"
    port=$(with_ports "$conf" | first_amqp_listener)
    [[ -n $port ]] || fail "$conf has no listener"
    if [[ $look ]]; then
        if is_port_free "$name" "$port" >/dev/null; then
            check_web_console
        fi
        exit 0
    fi
    is_port_free "$name" "$port" || exit 0
    if [[ $background ]]; then
        start_in_background "$name" "$port" 60 "$root/scripts/start-router.sh" "$conf"
        say "$name: scripts/stop-routers.sh (make stop-routers) stops it"
        exit 0
    fi
    take_lock "$name"
    check_web_console
    with_ports "$conf" >"$copy"
    say "$name: $router on port $port, with $(shown "$copy"); ^C stops it"
    case $router in
        qdrouterd | skrouterd) run_in_foreground "$name" "$router" "$router" --conf "$copy" ;;
        stand-in) run_in_foreground "$name" stand-in "$python" "$root/scripts/stand-in/router.py" --conf "$copy" ;;
    esac
}

main "$@"
