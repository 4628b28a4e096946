#!/usr/bin/env bash
# Checks the sources without building them: layout, shell scripts, imports and includes, sizes, unsafe markers.
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
test_name_max=22
# The capitalised words that a test's title may begin with, besides those with more capitals or digits, such as TLS.
proper_names="Artemis Debian"
failed=0

# All that a check finds is a failure.
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

# The modules that a module may import, besides itself.
imports_of() { # MODULE
    case $1 in
        AMQP) ;;
        Proton) say AMQP CShim Synchronization ;;
        LinkRecovery) say AMQP ;;
        ReliableSender) say AMQP LinkRecovery Proton Synchronization ;;
        SenderCommand) say AMQP FoundationEssentials Glibc ReliableSender Synchronization ;;
        sender) say SenderCommand ;;
        FirstMessage | LostLink | OrderService) say Dispatch Foundation ReliableSender ;;
        *) ;;
    esac
}

# The modules that the files of a folder import, in each form that Swift has: with attributes, with a level of access,
# of one declaration, inside of an #if, behind a semicolon.
imports_in() { # FOLDER
    local attributes='(@[A-Za-z_]+(\([^)]*\))?[[:space:]]*)*'
    local level='((public|package|internal|fileprivate|private)[[:space:]]+)?'
    local kind='((typealias|struct|class|enum|protocol|let|var|func)[[:space:]]+)?'
    find "$1" -name '*.swift' -exec cat {} + | tr ';' '\n' |
        sed -nE "s/^[[:space:]]*$attributes${level}import[[:space:]]+$kind([A-Za-z_0-9]+).*/\\7/p" | sort -u
}

odd_imports() {
    local folder module imported
    for folder in Examples/*/ Sources/*/; do
        module=$(basename "$folder")
        while read -r imported; do
            [[ " $(imports_of "$module") " == *" $imported "* ]] || say "$module imports $imported"
        done < <(imports_in "$folder")
    done
}

# The headers that CShim may include, besides its own: those of proton, OpenSSL, the standard libraries and the system.
c_headers='proton/.+|openssl/.+|[a-z_]+'
c_headers+='|(dlfcn|endian|netdb|pthread|signal|stdbool|stddef|stdint|stdlib|unistd)\.h|sys/(epoll|eventfd|socket)\.h'

odd_includes() {
    local file included
    find CShim Examples Sources Tests -name '*.[ch]pp' -o -name '*.[ch]' | while read -r file; do
        sed -nE 's/^[[:space:]]*#[[:space:]]*(include|import)(_next)?[[:space:]]*//p' "$file" | while read -r included; do
            if [[ $file == CShim/* ]]; then
                [[ $included =~ ^\<($c_headers)\> ]] && continue
                [[ $included =~ ^\"([A-Za-z_]+\.hp?p?)\" ]] &&
                    [[ -e CShim/${BASH_REMATCH[1]} || -e CShim/include/${BASH_REMATCH[1]} ]] && continue
            else
                # The tests of the encoder compare it with proton's.
                [[ $included == *proton/* && $file != Tests/ProtonCodec/* ]] || continue
            fi
            say "$file includes $included"
        done
    done
}

large_files() {
    files '*.swift' '*.[ch]pp' '*.[ch]' '*.sh' '*.py' | while read -r file; do
        awk -v max="$lines_max" 'END { if (NR > max) print FILENAME ": " NR " lines" }' "$file"
    done
}

unsafe_markers() {
    grep -rnE '@unchecked Sendable|(nonisolated|unowned)\(unsafe\)|Unmanaged|unsafeBitCast' Sources |
        grep -vE '^[^:]+:[0-9]+: *//' || true
}

odd_unsafe_markers() {
    local markers
    markers=$(unsafe_markers)
    grep -v '^Sources/Proton/Unsafe/' <<<"$markers" | sed '/^$/d' || true
    local count
    count=$(grep -c . <<<"$markers" || true)
    ((count <= unsafe_markers_max)) || say "$count instead of $unsafe_markers_max at most"
}

# Tests without a title, with one that begins with a capital, or whose name says more than their subject.
odd_tests() {
    find Tests -name '*.swift' -exec awk -v max="$test_name_max" -v names="$proper_names" '
        /^ *@Test/ { declaration = "" }
        /^ *@Test/, /func / { declaration = declaration $0 }
        declaration && match($0, /func [A-Za-z0-9_]+/) {
            name = substr($0, RSTART + 5, RLENGTH - 5)
            if (declaration !~ /@Test\( *"/) print FILENAME ": " name " has no title"
            else {
                split(declaration, parts, "\"")
                split(parts[2], words, /[^A-Za-z0-9]/)
                if (words[1] ~ /^[A-Z][a-z]*$/ && !index(" " names " ", " " words[1] " "))
                    print FILENAME ": the title of " name " begins with a capital: " words[1]
            }
            if (length(name) > max) print FILENAME ": " name " is longer than " max " characters"
            declaration = ""
        }' {} +
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
expect_none "includes that scripts/lint.sh does not allow" "$(odd_includes)"
expect_none "files without a line of the licence" "$(unlicensed_files)"
expect_none "files of more than $lines_max lines" "$(large_files)"
expect_none "tests" "$(odd_tests)"
expect_none "unsafe markers outside of Sources/Proton/Unsafe, or too many" "$(odd_unsafe_markers)"
exit "$failed"
