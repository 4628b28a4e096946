#!/usr/bin/env bash
# Runs a broker in the foreground until ^C: Artemis, RabbitMQ, qpidd or the stand-in; a second run goes on with its data.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/start-broker.sh [--port PORT] [--background] [--which | --look]

  --port PORT    listen on 127.0.0.1:PORT (default: BROKER_PORT, else 9001)
  --background   return when the broker answers; it keeps running, with a log file (with TERMINAL: in a window)
  --which        only say which broker would be started
  --look         only see whether it can be: the port is free, or its broker is running

environment:
  BROKER         artemis, rabbitmq, qpidd or stand-in (default: the first that is there)
  ARTEMIS_HOME   an unpacked distribution of Apache ActiveMQ Artemis (needs a Java runtime, 17 or later)
  RABBITMQ_CONFIG_TOO, RABBITMQ_PLUGINS_TOO
                 a file in the format of rabbitmq.conf, and the names of plugins with commas between: for TLS, say
  RUN_DIR        where data, logs and pid files are kept (default: run)
  TERMINAL       a terminal program, for --background
END
}

port=${BROKER_PORT:-9001}
port_name=BROKER_PORT
# The queue of the demonstration. A stock Artemis drops what is sent to an address it knows nothing of.
queue=link1.test
# Artemis keeps only the last message for each value of _AMQ_LVQ_NAME in queues that are told to.
last_value_addresses=link1.last.#
artemis_memory=512M
rabbitmq_server=/usr/lib/rabbitmq/bin/rabbitmq-server

parse_options() {
    background='' which='' look=''
    while (($#)); do
        case $1 in
            --port)
                (($# > 1)) || fail "--port needs a number"
                port=$2 port_name=--port
                shift
                ;;
            --port=*) port=${1#*=} port_name=--port ;;
            --background) background=yes ;;
            --which) which=yes ;;
            --look) look=yes ;;
            -h | --help)
                usage
                exit 0
                ;;
            *) wrong_usage "there is no option '$1'" ;;
        esac
        shift
    done
    check_port_number "$port_name" "$port"
    if [[ -n ${ARTEMIS_HOME:-} ]]; then
        ARTEMIS_HOME=$(realpath -m "$ARTEMIS_HOME")
    fi
}

# ---- Which one -------------------------------------------------------------------------------------------------------

find_java() {
    if [[ -n ${JAVA_HOME:-} ]]; then
        [[ -x $JAVA_HOME/bin/java ]]
    else
        have java
    fi
}

# Why a broker can't be had here; nothing if it can.
what_lacks() { # BROKER
    case $1 in
        artemis)
            if [[ -z ${ARTEMIS_HOME:-} ]]; then
                say "ARTEMIS_HOME does not name an unpacked distribution of it"
            elif [[ ! -f $ARTEMIS_HOME/bin/artemis || ! -d $ARTEMIS_HOME/lib ]]; then
                say "ARTEMIS_HOME ($ARTEMIS_HOME) is not an unpacked distribution of it"
            elif ! find_java; then
                say "there is no Java runtime; scripts/install-needs.sh java installs one"
            fi
            ;;
        rabbitmq)
            if [[ ! -x $rabbitmq_server ]]; then
                say "$rabbitmq_server is not there; scripts/install-needs.sh rabbitmq installs it"
            elif ! have epmd; then
                say "Erlang's epmd is not on the PATH"
            fi
            ;;
        qpidd) have qpidd || say "there is no qpidd on the PATH" ;;
        stand-in) [[ -f $root/scripts/stand-in/broker.py ]] || say "scripts/stand-in/broker.py is not there" ;;
        *) say "the brokers known here are artemis, rabbitmq, qpidd and stand-in" ;;
    esac
}

pick_broker() {
    local candidate reason
    if [[ -n ${BROKER:-} ]]; then
        reason=$(what_lacks "$BROKER")
        [[ -z $reason ]] || fail "BROKER=$BROKER can't be started: $reason"
        say "$BROKER"
        return
    fi
    # A wrong ARTEMIS_HOME is an error, not a reason to take another broker.
    if [[ -n ${ARTEMIS_HOME:-} ]]; then
        reason=$(what_lacks artemis)
        [[ -z $reason ]] || warn "passing over Artemis: $reason"
    fi
    for candidate in artemis rabbitmq qpidd stand-in; do
        if [[ -z $(what_lacks "$candidate") ]]; then
            say "$candidate"
            return
        fi
    done
    fail "no broker is there, not even the stand-in"
}

# ---- Each of them ----------------------------------------------------------------------------------------------------

# The instance is made on the first run. It holds paths and the port: when these have changed it is made anew around
# its data.
run_artemis() {
    local instance=$RUN_DIR/artemis made_for
    made_for="home=$ARTEMIS_HOME instance=$instance port=$port last_value=$last_value_addresses"
    if [[ $(cat "$instance/made-for" 2>/dev/null || true) != "$made_for" ]]; then
        # Output only if it fails: it tells how to start an instance, which is what happens next.
        if ! "$ARTEMIS_HOME/bin/artemis" create "$instance" --force --silent --user admin --password admin \
            --allow-anonymous --no-web --no-autotune --no-amqp-acceptor --no-hornetq-acceptor --no-mqtt-acceptor \
            --no-stomp-acceptor --host "$host" --default-port "$port" --java-memory "$artemis_memory" \
            --queues "$queue" >"$RUN_DIR/artemis-create.log" 2>&1 </dev/null; then
            cat "$RUN_DIR/artemis-create.log" >&2
            fail "Artemis could not make its instance in $(shown "$instance")"
        fi
        local setting="<address-setting match=\"$last_value_addresses\">"
        setting+="<default-last-value-queue>true</default-last-value-queue></address-setting>"
        sed -i "s|^ *</address-settings>|         $setting\n&|" "$instance/etc/broker.xml"
        printf '%s\n' "$made_for" >"$instance/made-for"
    fi
    # Java leaves a log there when it crashes.
    cd "$instance"
    # It execs java: the process is the broker.
    run_in_foreground broker artemis "$instance/bin/artemis" run
}

# A node of our own, which has nothing in common with the system's service but the program.
run_rabbitmq() {
    local data=$RUN_DIR/rabbitmq status=0
    mkdir -p "$data/mnesia" "$data/log"
    say "[rabbitmq_amqp1_0${RABBITMQ_PLUGINS_TOO:+,$RABBITMQ_PLUGINS_TOO}]." >"$data/enabled_plugins"
    # Anonymous clients count as guest, so that the router's connector gets in. Of two lines with one key the
    # last holds.
    cat >"$data/rabbitmq.conf" <<END
listeners.tcp.1 = $host:$port
$(rabbitmq_amqp_settings)
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = ANONYMOUS
auth_mechanisms.3 = AMQPLAIN
END
    [[ -z ${RABBITMQ_CONFIG_TOO:-} ]] || cat "$RABBITMQ_CONFIG_TOO" >>"$data/rabbitmq.conf"
    # Instead of /etc/rabbitmq/rabbitmq-env.conf, which is the system service's.
    : >"$data/env.conf"
    export HOME=$data LC_ALL=C.UTF-8 ERL_CRASH_DUMP=$data/erl_crash.dump
    export RABBITMQ_CONF_ENV_FILE=$data/env.conf RABBITMQ_NODENAME=sender@localhost \
        RABBITMQ_MNESIA_BASE=$data/mnesia RABBITMQ_LOG_BASE=$data/log RABBITMQ_LOGS=- \
        RABBITMQ_SCHEMA_DIR=$data/schema RABBITMQ_ENABLED_PLUGINS_FILE=$data/enabled_plugins \
        RABBITMQ_CONFIG_FILE=$data/rabbitmq.conf RABBITMQ_ADVANCED_CONFIG_FILE=$data/none
    RABBITMQ_DIST_PORT=$(free_port $((port + 2)))
    ERL_EPMD_PORT=$(free_port $((port + 1)))
    export RABBITMQ_DIST_PORT ERL_EPMD_PORT ERL_EPMD_ADDRESS=$host
    # Erlang's own port (distribution) is local as well, and ^C is ours: Erlang would take it for a break.
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} +B i'
    # Its script then execs Erlang, and does not stand between us and the broker with signal handlers of its own.
    export RUNNING_UNDER_SYSTEMD=yes
    start_epmd
    # Erlang's database leaves a dump there when it is killed while it starts.
    cd "$data"
    run_in_foreground broker rabbitmq "$rabbitmq_server" || status=$?
    stop_epmd
    return "$status"
}

# Up to RabbitMQ 3, AMQP 1.0 is a plugin's, which takes a queue's name for an address; later that has to be permitted.
rabbitmq_amqp_settings() {
    if compgen -G '/usr/lib/rabbitmq/lib/rabbitmq_server-3.*' >/dev/null; then
        say 'amqp1_0.default_user = guest'
    else
        say 'anonymous_login_user = guest'
        say 'deprecated_features.permit.amqp_address_v1 = true'
    fi
}

# Erlang starts the port mapper as a daemon if there is none, and leaves it behind; so there is one.
start_epmd() {
    epmd </dev/null >/dev/null 2>&1 9>&- &
    printf '%s\n' $! >"$RUN_DIR/epmd.pid"
    # Bash is not to report its end.
    disown
}

# Without its module for it (store), it keeps nothing over a kill.
run_qpidd() {
    local data=$RUN_DIR/qpidd
    mkdir -p "$data"
    run_in_foreground broker qpidd qpidd --auth no --interface "$host" -p "$port" --data-dir "$data" --pid-dir "$data" \
        --queue-patterns link1
}

run_stand_in() {
    run_in_foreground broker stand-in \
        "$python" "$root/scripts/stand-in/broker.py" --listen "$host:$port" --store "$RUN_DIR/stand-in-store"
}

# ---- The way through -------------------------------------------------------------------------------------------------

# Whether the port is free; not, if it is answered by a broker, which is as good.
is_port_free() {
    local status=0 kind way_out="stop it, or choose another port with $port_name"
    ask_port "$port" || status=$?
    case $status in
        0)
            ! grep -qi router <<<"$answer" ||
                fail "port $port is answered by a router, not a broker ($answer); $way_out"
            kind=''
            if running_pid broker >/dev/null; then
                kind=$(cat "$RUN_DIR/broker.kind")
            fi
            if [[ -n ${BROKER:-} && -n $kind && $kind != "$BROKER" ]]; then
                fail "$kind is running, not BROKER=$BROKER; scripts/stop-broker.sh stops it"
            fi
            say "broker: already running on port $port: $answer"
            return 1
            ;;
        1) ;;
        *) fail "port $port is taken by something that does not speak AMQP 1.0 ($answer); $way_out" ;;
    esac
}

# One that is slow is not to look as if it hung.
announce() { # BROKER
    case $1 in
        artemis | rabbitmq)
            say "broker: starting $1, which takes 5 to 20 s (BROKER=stand-in: 1 s)"
            ;;
    esac
}

main() {
    local broker
    unblock_signals "$@"
    parse_options "$@"
    broker=$(pick_broker)
    if [[ $which ]]; then
        say "$broker"
        exit 0
    fi
    if [[ $look ]]; then
        is_port_free >/dev/null || true
        exit 0
    fi
    is_port_free || exit 0
    if [[ $background ]]; then
        announce "$broker"
        start_in_background broker "$port" 120 "$root/scripts/start-broker.sh" --port "$port"
        say "broker: scripts/stop-broker.sh (make stop-broker) stops it, make kill-broker kills it"
        exit 0
    fi
    take_lock broker
    say "broker: $broker on port $port, with its data in $(shown "$RUN_DIR"); ^C stops it"
    "run_${broker//-/_}"
}

main "$@"
