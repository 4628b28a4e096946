#!/usr/bin/env bash
# Turns the library's articles and comments into pages, with the toolchain's docc.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/docs.sh [--products FOLDER] [FOLDER]
       scripts/docs.sh --look

  Writes the pages into FOLDER (default: .build/docs). The library must have been built; make docs does both.

  --products FOLDER  where it was built (default: .build/debug)
  --look             only check that the toolchain has what makes them
END
}

# A tool of the toolchain, which is beside the compiler and need not be on the PATH.
tool() { # NAME
    local swift
    swift=$(command -v swift) || fail "Swift is missing; scripts/install-needs.sh build says how it is installed"
    swift=$(dirname "$(readlink -f "$swift")")/$1
    if [[ -x $swift ]]; then
        say "$swift"
    elif have "$1"; then
        say "$1"
    else
        fail "this toolchain has no $1, so there are no pages: Swift's own has it, and Debian 13's swiftlang"
    fi
}

products=.build/debug
pages=.build/docs
while (($#)); do
    case $1 in
        --products)
            (($# > 1)) || wrong_usage "--products needs a folder"
            products=$2
            shift
            ;;
        --look) is_look=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        -*) wrong_usage "there is no option '$1'" ;;
        *) pages=$1 ;;
    esac
    shift
done
cd "$root"
docc=$(tool docc)
extract=$(tool swift-symbolgraph-extract)
[[ -z ${is_look:-} ]] || exit 0
triple=$(swift -print-target-info | sed -nE '/"triple"/ { s/.*: "(.*)".*/\1/p; q; }')
[[ -e $products/Modules/ReliableSender.swiftmodule ]] ||
    fail "$products has no build of the library: make docs makes one"

graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT
# The library's re-exports of the modules below it are part of its interface.
"$extract" -module-name ReliableSender -target "$triple" -I "$products/Modules" \
    -Xcc "-fmodule-map-file=$products/CShim.build/module.modulemap" -minimum-access-level public \
    -skip-synthesized-members -experimental-allowed-reexported-modules=AMQP,LinkRecovery,Proton -output-dir "$graphs"
"$docc" convert Sources/ReliableSender/ReliableSender.docc --additional-symbol-graph-dir "$graphs" \
    --fallback-display-name ReliableSender --fallback-bundle-identifier ReliableSender \
    --fallback-default-module-kind Library --warnings-as-errors --output-path "$pages"
say "the pages are in $pages: python3 -m http.server -d $pages, then localhost:8000/documentation/reliablesender/"
