// Completions for bash.
// SPDX-License-Identifier: Apache-2.0

/// The bash script that completes a command line of `sender`.
///
/// It does not need the package bash-completion, nor features of bash younger than ten years.
func bashCompletion(_ table: [CommandOption]) -> String {
    let valued =
        table.filter { $0.takesValue && !$0.isValueOptional }.flatMap(\.spellings)
        + table.filter(\.takesTopic).map { "--\($0.long)" }
    let once = table.filter { !$0.isRepeatable }.map {
        "'" + $0.spellings.joined(separator: " ") + "'"
    }
    let repeatable = table.filter(\.isRepeatable).flatMap(\.spellings)
    return #"""
        # Completes what bash has of a command line of sender.
        # Made by sender --generate complete-bash.

        _sender() {
            local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} words=() count=0 word letter i
            # bash cuts words at = and : as well; where no space was typed they belong together.
            for ((i = 0; i <= COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                if [[ $i -eq 0 || $line == [[:space:]]* ]]; then
                    line=${line#"${line%%[![:space:]]*}"}
                    words[count++]=
                fi
                # Of the last word, what stands before the cursor.
                if ((i == COMP_CWORD)); then word=$line; fi
                words[count - 1]+=$word
                line=${line#"$word"}
            done

            # The options that are there, and the one that waits for its value.
            local given=' ' option='' current=${words[count - 1]}
            local valued='\#(listed(valued))'
            for word in "${words[@]:1:count - 2}"; do
                if [[ $option ]]; then
                    option=
                    continue
                fi
                case $word in
                    --) return ;;
                    --*=*) given+="${word%%=*} " ;;
                    --*)
                        given+="$word "
                        if [[ $valued == *" $word "* ]]; then option=$word; fi
                        ;;
                    -*)
                        for ((i = 1; i < ${#word}; i++)); do
                            letter=-${word:i:1}
                            given+="$letter "
                            if [[ $valued == *" $letter "* ]]; then
                                if ((i + 1 == ${#word})); then option=$letter; fi
                                break
                            fi
                        done
                        ;;
                esac
            done

            local choices='' prefix='' names
            if [[ -z $option && $current == --*=* ]]; then
                option=${current%%=*}
                prefix=$option=
            fi
            if [[ $option ]]; then
                case $option in
        \#(valueCases(table))
                esac
            else
                for names in \#(once.joined(separator: " \\\n            ")); do
                    for word in $names; do
                        if [[ $given == *" $word "* ]]; then continue 2; fi
                    done
                    choices+=" $names"
                done
                choices+='\#(listed(repeatable))'
            fi

            # bash replaces only what follows the last place that it cuts at.
            local kept=${current%"$2"}
            COMPREPLY=()
            for word in $choices; do
                word=$prefix$word
                if [[ $word == "$current"* ]]; then COMPREPLY+=("${word#"$kept"}"); fi
            done
        }

        complete -F _sender sender

        """#
}

private func listed(_ words: [String]) -> String {
    " " + words.joined(separator: " ") + " "
}

/// The completions of each option that takes a value.
private func valueCases(_ table: [CommandOption]) -> String {
    var lines: [String] = []
    for option in table {
        let names = option.spellings.joined(separator: " | ")
        if option.takesTopic {
            lines.append("--\(option.long)) choices='\(topics(table).joined(separator: " "))' ;;")
        }
        switch option.completes {
        case .nothing: continue
        case .files: lines.append("\(names)) compopt -o default 2>/dev/null; return ;;")
        case .words(let words):
            lines.append("\(names)) choices='\(words.joined(separator: " "))' ;;")
        }
    }
    return lines.map { "            " + $0 }.joined(separator: "\n")
}
