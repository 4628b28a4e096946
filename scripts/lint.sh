#!/usr/bin/env bash
# Looks over the sources without building them: layout, shell scripts, what each module imports, sizes.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END_OF_USAGE'
usage: scripts/lint.sh [--format]

  --format lays out Swift, C and C++ first.

The layout is that of Swift 6.3's swift-format and of clang-format 14, Debian 12's; with another one that part is left
out, and said to be.
END_OF_USAGE
}

lines_max=400
unsafe_markers_max=4
failed=0

# What a check has found is what is wrong.
expect_none() { # WHAT FOUND
    [[ -n $2 ]] || return 0
    say "$1:" "$2"
    failed=1
}

files() { # PATTERN...
    local pattern
    for pattern; do
        find .ci Benchmarks CShim Examples Sources Tests scripts -type f -name "$pattern"
    done
}
c_files() { files '*.[ch]pp' '*.[ch]'; }

has_swift_format() { swift --version 2>&1 | grep -q 'Swift version 6\.3'; }
clang_format() { command -v clang-format-14; }

lay_out() {
    ! has_swift_format || swift format -i -r Examples Sources Tests Package.swift
    local formatter
    if formatter=$(clang_format); then
        c_files | xargs "$formatter" -i
    fi
}

odd_c_files() { # FORMATTER
    c_files | xargs "$1" --dry-run --Werror 2>&1 | sed -n 's/:.*error: code should be clang-formatted.*/: make format lays it out/p' |
        sort -u
}

# The layout of comments may join the line with the one before it.
unlicensed_files() {
    files '*.swift' '*.[ch]pp' '*.[ch]' '*.sh' '*.py' | while read -r file; do
        head -n 5 "$file" | grep -qE '^(//|#) SPDX-License-Identifier: Apache-2.0$' || say "$file"
    done
}

check_layout() {
    local formatter
    if has_swift_format; then
        expect_none "swift format" "$(swift format lint --strict -r Examples Sources Tests Package.swift 2>&1)"
    else
        say "the layout of Swift is not looked at: this is not Swift 6.3"
    fi
    if formatter=$(clang_format); then
        expect_none "clang-format" "$(odd_c_files "$formatter")"
    else
        say "the layout of C++ is not looked at: there is no clang-format-14"
    fi
}

check_scripts() {
    local scripts
    mapfile -t scripts < <(files '*.sh' run)
    expect_none "shellcheck" "$(shellcheck -x "${scripts[@]}" 2>&1)"
}

# What a module may import, besides itself.
imports_of() { # MODULE
    case $1 in
        AMQP) ;;
        Proton) say AMQP CShim Synchronization ;;
        LinkRecovery) say AMQP ;;
        ReliableSender) say AMQP LinkRecovery Proton Synchronization ;;
        SenderCommand) say AMQP FoundationEssentials Glibc LinkRecovery ReliableSender Synchronization ;;
        sender) say SenderCommand ;;
        FirstMessage | LostLink | OrderService) say Dispatch Foundation ReliableSender ;;
        *) ;;
    esac
}

odd_imports() {
    local folder module imported
    for folder in Examples/*/ Sources/*/; do
        module=$(basename "$folder")
        grep -rhoE '^(@[a-z]+ )?((public|internal|package|fileprivate|private) )?import [A-Za-z_]+' "$folder" |
            awk '{ print $NF }' | sort -u | while read -r imported; do
            [[ " $(imports_of "$module") " == *" $imported "* ]] || say "$module imports $imported"
        done
    done
    grep -rlE '#include <proton/' Examples Sources Tests | grep -v '^Tests/ProtonCodec/' | sed 's/$/ includes proton/' || true
}

large_files() {
    files '*.swift' '*.[ch]pp' '*.[ch]' '*.sh' '*.py' | while read -r file; do
        awk -v max="$lines_max" 'END { if (NR > max) print FILENAME ": " NR " lines" }' "$file"
    done
}

too_many_unsafe_markers() {
    local count
    count=$(grep -rhE '@unchecked Sendable|nonisolated\(unsafe\)|Unmanaged|unsafeBitCast' Sources |
        grep -vcE '^ *//' || true)
    ((count <= unsafe_markers_max)) || say "$count instead of $unsafe_markers_max at most"
}

while (($#)); do
    case $1 in
        --format) is_formatting=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) wrong_usage "there is no argument '$1'" ;;
    esac
    shift
done
cd "$root"
[[ -z ${is_formatting:-} ]] || lay_out
check_layout
check_scripts
expect_none "imports that the table of scripts/lint.sh does not have" "$(odd_imports)"
expect_none "files without a line of the licence" "$(unlicensed_files)"
expect_none "files of more than $lines_max lines" "$(large_files)"
expect_none "unsafe markers" "$(too_many_unsafe_markers)"
exit "$failed"
