#!/usr/bin/env bash
# Stops the broker that start-broker.sh runs, or kills it as a power cut would.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/stop-broker.sh [--kill]

  --kill    kill -9 to the broker itself; without, SIGTERM. Returns when it is gone.

environment:
  RUN_DIR   as for start-broker.sh
END
}

main() {
    local status=0
    at_most 1 "$@"
    case ${1:-} in
        '') stop_process broker || status=$? ;;
        --kill) stop_process broker kill || status=$? ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) wrong_usage "there is no option '$1'" ;;
    esac
    stop_epmd
    # There being nothing to stop is what was wanted; nothing to kill is not.
    [[ $status -eq 0 || ${1:-} != --kill ]]
}

main "$@"
