#!/usr/bin/env bash
# Installs the program that make build has built, its man page and the shells' completions; or removes them.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
usage: scripts/install.sh [--uninstall]

environment:
  PREFIX     where to (default: /usr/local); root is needed only where you may not write
  DESTDIR    a folder to put all of it in instead, for making a package
  ZSH_DIR    where zsh looks for completions (default: PREFIX/share/zsh/site-functions)
  FISH_DIR   where fish does (default: PREFIX/share/fish/vendor_completions.d; for /usr/local: /etc/fish/completions)
END
}

prefix=${PREFIX:-/usr/local}
prefix=${prefix%/}
destination=${DESTDIR:-}
zsh_dir=${ZSH_DIR:-$prefix/share/zsh/site-functions}
# Debian's fish looks there for what does not come from Debian, and not below /usr/local.
own_fish_dir=/etc/fish/completions
if [[ $prefix == /usr/local ]]; then
    fish_dir=${FISH_DIR:-$own_fish_dir}
else
    fish_dir=${FISH_DIR:-$prefix/share/fish/vendor_completions.d}
fi
binary=${SENDER_BINARY:-$root/.build/release/sender}

# Does something with each file: its mode, its place, and what it is: a file, or a text that the program makes.
each_file() { # FUNCTION
    "$1" 755 "$prefix/bin/sender" "$binary"
    "$1" 644 "$prefix/share/man/man1/sender.1" --generate=man
    "$1" 644 "$prefix/share/bash-completion/completions/sender" --generate=complete-bash
    "$1" 644 "$zsh_dir/_sender" --generate=complete-zsh
    "$1" 644 "$fish_dir/sender.fish" --generate=complete-fish
    local document
    # The README's links lead to the others.
    for document in "$root"/{README.md,CHANGELOG.md,SECURITY.md,LICENSE} "$root"/docs/*.{md,svg}; do
        "$1" 644 "$prefix/share/doc/sender/${document#"$root/"}" "$document"
    done
}

put() { # MODE PLACE SOURCE
    local place=$destination$2 source=$3 options=()
    if [[ $source == --generate* ]]; then
        # A file first: a program that fails must not leave an empty one behind.
        "$binary" "$source" >"$made" || fail "$(shown "$binary") $source failed"
        source=$made
    fi
    # Symbols are two fifths of the program.
    if [[ $source == "$binary" ]] && have strip; then
        options=(--strip)
    fi
    install -D -m "$1" "${options[@]}" "$source" "$place" || fail "$place could not be installed"
    say "$place"
}

remove() { # MODE PLACE SOURCE
    local place=$destination$2
    if [[ -e $place ]]; then
        rm "$place" || fail "$place could not be removed"
        say "removed $place"
    fi
    remove_folders "${2%/*}"
}

# As far up as they are empty, and could have been made for this.
remove_folders() { # FOLDER
    local folder=$1
    while is_ours "$folder" && rmdir "$destination$folder" 2>/dev/null; do
        folder=${folder%/*}
    done
}

is_ours() { # FOLDER
    case $1 in
        '') return 1 ;;
        /usr | /usr/local | /usr/local/bin | /usr/local/share | /usr/local/share/man) [[ -n $destination ]] ;;
        "$prefix" | "$prefix"/* | "$own_fish_dir" | "${own_fish_dir%/*}") ;;
        *) [[ -n $destination ]] ;;
    esac
}

install_all() {
    [[ -x $binary ]] || fail "$(shown "$binary") is not there; make build builds it"
    made=$(mktemp)
    trap 'rm -f "$made"' EXIT
    each_file put
}

main() {
    umask 022
    at_most 1 "$@"
    [[ $prefix == /* ]] || fail "PREFIX must be an absolute path, not '$prefix'"
    case ${1:-} in
        '') install_all ;;
        --uninstall) each_file remove ;;
        -h | --help) usage ;;
        *) wrong_usage "there is no option '$1'" ;;
    esac
}

main "$@"
