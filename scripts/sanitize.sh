#!/usr/bin/env bash
# Builds and runs all tests under a sanitizer: address (with leaks) or thread.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: scripts/sanitize.sh address|thread [OPTIONS OF SWIFT TEST]
       scripts/sanitize.sh address|thread --fuzz RUNS [SEED [PROCESSES]]

  --fuzz runs against peers that stray, instead of the tests.
  --filter and --skip choose tests; without, all run. Builds are kept in SCRATCH_PATH (default: .build).

What is instrumented is ours: Swift, the C++ shim, the templates of proton's C++ headers. Debian's proton and the Swift
runtime are not, but their allocations and locks are seen. Tests that run valgrind or measure memory are skipped.
END_OF_USAGE
}

# Options of the processes under test. A finding ends them with a status of its own (address 1, leaks 23, thread 66).
set_options() { # SANITIZER FOLDER
    local suppressions=$root/scripts/sanitizers
    case $1 in
        address)
            export ASAN_OPTIONS=suppressions=$suppressions/address.supp
            export LSAN_OPTIONS=suppressions=$suppressions/leaks.supp:print_suppressions=0
            ;;
        thread)
            "${CC:-clang}" -shared -fPIC -O1 -Wall -Wextra -o "$2/mutex.so" "$root/scripts/sanitizers/mutex.c"
            export LD_PRELOAD=$2/mutex.so
            # Without the second in which a process that ends at once would go on.
            export TSAN_OPTIONS=atexit_sleep_ms=0
            ;;
    esac
}

main() {
    local sanitizer=${1:-} folder
    case $sanitizer in
        address | thread) shift ;;
        -h | --help)
            usage
            exit 0
            ;;
        '') wrong_usage "no sanitizer is named" ;;
        *) wrong_usage "there is no sanitizer '$sanitizer'" ;;
    esac
    folder=${SCRATCH_PATH:-$root/.build}/$sanitizer
    local swift=(--scratch-path "$folder" "--sanitize=$sanitizer") flags
    read -ra flags < <(build_flags)
    # The program that is tested is the one that is built here.
    unset SENDER_BINARY
    if [[ ${1:-} == --fuzz ]]; then
        TERM=dumb swift build "${flags[@]}" --product fuzz-peer "${swift[@]}"
        set_options "$sanitizer" "$folder"
        "$folder/debug/fuzz-peer" "${@:2}"
        return
    fi
    # As in the Makefile: without colours, for which all would be compiled again.
    TERM=dumb swift build "${flags[@]}" --build-tests "${swift[@]}"
    # The simulation has no pointers: its runs are those of the release build, as in make test.
    TERM=dumb swift build "${flags[@]}" -c release --static-swift-stdlib --product simulate
    set_options "$sanitizer" "$folder"
    if (($#)); then
        swift test --skip-build --no-parallel "${swift[@]}" "$@"
    else
        swift test --skip-build "${swift[@]}" --skip WholeProgramTests
        swift test --skip-build --no-parallel "${swift[@]}" --filter '^WholeProgramTests'
    fi
}

main "$@"
