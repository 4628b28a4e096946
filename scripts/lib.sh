# Functions of all scripts: paths, the peer that answers on a port, processes to start, wait for and stop.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# Commands that were pasted behind the one that runs a script are the shell's, and not for apt-get or Erlang to read.
exec </dev/null

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
host=127.0.0.1
# Debian's bindings of proton are visible to the system's Python only; a machine may have others in front of it.
python=/usr/bin/python3
probe=$root/scripts/stand-in/probe.py

# Exported also as the mark by which a process is known as one that was started from here.
RUN_DIR=$(realpath -m "${RUN_DIR:-$root/run}")
export RUN_DIR

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() {
    warn "$*"
    exit 1
}
# For a script that has a function `usage`.
wrong_usage() { # WHAT
    warn "$*"
    usage >&2
    exit 64
}
at_most() { # COUNT WORD...
    if (($# > $1 + 1)); then
        shift $(($1 + 1))
        wrong_usage "'$1' is one word too many"
    fi
}
have() { command -v "$1" >/dev/null 2>&1; }
shown() { printf '%s' "${1#"$PWD"/}"; }

# The flags of every build, as the Makefile has them.
build_flags() { make --silent --no-print-directory -C "$root" build-flags; }

# Starts the script anew if its caller had it born with signals blocked, as Swift's Foundation has the processes that it
# starts: nothing could stop the script, nor what it runs, which inherits that.
unblock_signals() { # THE SCRIPT'S ARGUMENTS
    local blocked
    blocked=$(sed -n 's/^SigBlk:[[:space:]]*//p' "/proc/$$/status")
    # HUP, INT, TERM
    if ((0x$blocked & 0x4003)) && [[ -z ${SIGNALS_UNBLOCKED:-} ]]; then
        # Python ignores SIGPIPE, and the script would inherit that.
        SIGNALS_UNBLOCKED=yes exec "$python" -c 'import os, signal as s, sys
s.pthread_sigmask(s.SIG_SETMASK, [])
s.signal(s.SIGPIPE, s.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$0" "$@"
    fi
    unset SIGNALS_UNBLOCKED
}

check_port_number() { # NAME VALUE
    [[ $2 =~ ^[1-9][0-9]{0,4}$ && $2 -le 65535 ]] || fail "$1 must be a port, 1 to 65535, not '$2'"
}

# One free port, the preferred one if it is.
free_port() { # [PREFERRED]
    $python - "$host" "${1:-0}" <<'END'
import socket, sys
for port in (int(sys.argv[2]), 0):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((sys.argv[1], port))
        except OSError:
            continue
        print(listener.getsockname()[1])
        break
END
}

# Sends an AMQP open. Status 0: an AMQP peer answers; 1: nothing listens; 3: something else. The answer is in $answer.
ask_port() { # PORT [PROBE'S OPTIONS]
    local status=0 port=$1
    shift
    $python -c 'import proton' 2>/dev/null ||
        fail "Python's binding of qpid-proton is missing: scripts/install-needs.sh installs it"
    # shellcheck disable=SC2034
    answer=$($python "$probe" "$host:$port" "$@" 2>&1) || status=$?
    return "$status"
}

# ---- One broker and one router of each configuration per RUN_DIR -----------------------------------------------------
# NAME.pid is the process itself (java, beam.smp, qdrouterd ...), NAME.kind says which it is, and NAME.lock is held by
# the script that looks after it, until that has tidied up.

# The process of NAME, if it lives. Numbers come round again: it has to carry the mark.
running_pid() { # NAME
    local pid
    pid=$(cat "$RUN_DIR/$1.pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "RUN_DIR=$RUN_DIR" || return 1
    printf '%s\n' "$pid"
}

wait_gone() { # PID SECONDS
    timeout "$2" tail --pid="$1" -s 0.1 -f /dev/null
}

# To be called before the port is looked at. The lock goes with this script, however it ends.
take_lock() { # NAME
    local pid
    mkdir -p "$RUN_DIR"
    exec 9>"$RUN_DIR/$1.lock"
    if flock -n 9; then
        return
    fi
    pid=$(running_pid "$1") || pid="not up yet"
    fail "$1 is already being run in $(shown "$RUN_DIR") ($pid); stop it, or choose another folder with RUN_DIR"
}

# Runs a command until it ends or this script is told to stop; ^C, SIGTERM and SIGHUP stop both.
run_in_foreground() { # NAME KIND COMMAND...
    local name=$1 kind=$2 status=0 stopping=''
    shift 2
    # Input from nowhere: RabbitMQ would take it for its shell's. The lock is not for the child to keep.
    "$@" </dev/null 9>&- &
    local child=$!
    printf '%s\n' "$child" >"$RUN_DIR/$name.pid"
    printf '%s\n' "$kind" >"$RUN_DIR/$name.kind"
    # The child, being in the background, is deaf to ^C; a second one is for who can't wait.
    trap 'if [[ $stopping ]]; then kill -KILL "$child"; else stopping=yes; kill -TERM "$child"; fi 2>/dev/null || true' \
        INT TERM HUP
    # A signal ends the wait, not the child. Silent: that a child was killed is said below.
    wait "$child" 2>/dev/null || status=$?
    while kill -0 "$child" 2>/dev/null; do
        status=0
        wait "$child" 2>/dev/null || status=$?
    done
    rm -f "$RUN_DIR/$name.pid" "$RUN_DIR/$name.kind"
    # 143: told to by SIGTERM, from here or from a stop script.
    if [[ $stopping || $status -eq 143 ]]; then
        status=0
    fi
    if [[ $status -eq 0 ]]; then
        say "$name: stopped"
    else
        say "$name: ended with status $status"
    fi
    return "$status"
}

# Runs one of our scripts with a log file (with TERMINAL: in a window of its own) and waits until it answers.
start_in_background() { # NAME PORT SECONDS SCRIPT...
    local name=$1 port=$2 seconds=$3 pid='' deadline log before=0
    shift 3
    log=$RUN_DIR/$name.log
    mkdir -p "$RUN_DIR"
    if [[ -n ${TERMINAL:-} ]]; then
        open_window "$@"
    else
        before=$(stat -c %s "$log" 2>/dev/null) || before=0
        setsid nohup "$@" </dev/null >>"$log" 2>&1 9>&- &
        pid=$!
    fi
    deadline=$((SECONDS + seconds))
    until ask_port "$port" --wait 1; do
        if [[ -n $pid ]] && ! kill -0 "$pid" 2>/dev/null; then
            tail -c +$((before + 1)) "$log" | tail -n 20 >&2
            fail "$name did not start; $(shown "$log") says more"
        fi
        if ((SECONDS >= deadline)); then
            [[ -n $pid ]] && kill -TERM "$pid" 2>/dev/null
            fail "$name did not answer on port $port within $seconds s${pid:+; $(shown "$log") says more}"
        fi
    done
    if [[ -n ${TERMINAL:-} ]]; then
        say "$name: runs in its own window (port $port); ^C stops it"
    else
        say "$name: $(cat "$RUN_DIR/$name.kind" 2>/dev/null || true) runs in the background" \
            "(port $port, log $(shown "$log"))"
    fi
}

# A window with the script and, when that has ended, a shell, to start it again by hand as often as one likes.
open_window() { # SCRIPT...
    local terminal command
    read -ra terminal <<<"$TERMINAL"
    have "${terminal[0]}" || fail "TERMINAL names '${terminal[0]}', which is not there"
    printf -v command '%q ' "$@"
    case ${terminal[0]##*/} in
        gnome-terminal* | mate-terminal* | kgx) terminal+=(--) ;;
        xfce4-terminal* | terminator*) terminal+=(-x) ;;
        *) terminal+=(-e) ;;
    esac
    # The window is to run it in the foreground.
    setsid nohup "${terminal[@]}" env -u TERMINAL bash -c "$command; exec bash" </dev/null >/dev/null 2>&1 9>&- &
}

# Stops NAME in good order, or kills it, and waits until it is gone and tidied up after.
stop_process() { # NAME [kill]
    local pid kind
    if ! pid=$(running_pid "$1"); then
        say "$1: nothing that was started from here (with $(shown "$RUN_DIR")) is running"
        return 1
    fi
    kind=$(cat "$RUN_DIR/$1.kind" 2>/dev/null || true)
    if [[ ${2:-} == kill ]]; then
        kill -KILL "$pid"
        wait_gone "$pid" 10 || fail "$1 ($kind, process $pid) can't be killed"
        say "$1: killed ($kind, process $pid)"
    else
        # One that was stopped with SIGSTOP has to go on to end.
        kill -TERM "$pid" 2>/dev/null || true
        kill -CONT "$pid" 2>/dev/null || true
        if ! wait_gone "$pid" 20; then
            kill -KILL "$pid" 2>/dev/null || true
            wait_gone "$pid" 10 || fail "$1 ($kind, process $pid) can't be stopped"
        fi
        say "$1: stopped ($kind)"
    fi
    # Its script tidies up; if that is gone, there is nothing to wait for.
    flock -w 10 "$RUN_DIR/$1.lock" true || warn "the script that runs $1 goes on"
    rm -f "$RUN_DIR/$1.pid" "$RUN_DIR/$1.kind"
}

# The port mapper of RabbitMQ. Here, as it is left over if the script that ran the broker was itself killed.
stop_epmd() {
    local pid
    if pid=$(running_pid epmd); then
        # It has nothing to lose, and may have been born with SIGTERM blocked.
        kill -KILL "$pid" 2>/dev/null || true
        wait_gone "$pid" 5 || true
    fi
    rm -f "$RUN_DIR/epmd.pid"
}
