#!/usr/bin/env bash
# Stops the routers that start-router.sh runs, or kills them.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/stop-routers.sh [--kill] [CONF...]

  CONF      only the routers with these configurations (default: all)
  --kill    kill -9 to the router itself; without, SIGTERM. Returns when it is gone.

environment:
  RUN_DIR   as for start-router.sh
END
}

running_routers() {
    local file name
    for file in "$RUN_DIR"/router-*.pid; do
        name=$(basename "$file" .pid)
        if running_pid "$name" >/dev/null; then
            say "$name"
        fi
    done
}

main() {
    local kill='' names=() name status=0
    while (($#)); do
        case $1 in
            --kill) kill=yes ;;
            -h | --help)
                usage
                exit 0
                ;;
            -*) wrong_usage "there is no option '$1'" ;;
            *) names+=("router-$(basename "$1" .conf)") ;;
        esac
        shift
    done
    if ((${#names[@]} == 0)); then
        mapfile -t names < <(running_routers)
    fi
    if ((${#names[@]} == 0)); then
        say "router: none that was started from here (with $(shown "$RUN_DIR")) is running"
        # There being nothing to stop is what was wanted; nothing to kill is not.
        [[ -z $kill ]]
        return
    fi
    for name in "${names[@]}"; do
        stop_process "$name" ${kill:+kill} || status=$?
    done
    [[ $status -eq 0 || -z $kill ]]
}

main "$@"
