// Completions for fish.
// SPDX-License-Identifier: Apache-2.0

/// The fish script that completes a command line of `sender`.
func fishCompletion(_ table: [CommandOption]) -> String {
    #"""
    # Completes what fish has of a command line of sender.
    # Made by sender --generate complete-fish.

    # Whether none of these names was given. If the first argument is --value, the last word does
    # not count when it is one of them: then its value is being completed.
    function __sender_lacks
        set -l words (commandline -opc)
        set -e words[1]
        if test "$argv[1]" = --value
            set -e argv[1]
            if set -q words[-1]; and contains -- $words[-1] $argv
                set -e words[-1]
            end
        end
        for name in $argv
            set -l pattern "^$name(=|\$)"
            # -q is also in -rq and in -qm5.
            if string match -qr '^-[^-]$' -- $name
                set pattern (string replace - '^-[[:alpha:]]*' -- $name)
            end
            if string match -qr -- $pattern $words
                return 1
            end
        end
    end

    complete -c sender -f
    \#(table.flatMap(lines).joined(separator: "\n"))
    \#(table.filter(\.takesTopic).map { topicLine($0, table) }.joined(separator: "\n"))

    """#
}

/// The lines of an option, one per long name.
private func lines(_ option: CommandOption) -> [String] {
    option.longNames.map { name in
        var words = ["complete -c sender"]
        if !option.isRepeatable {
            let mark = option.takesValue ? "--value " : ""
            let names = option.spellings.joined(separator: " ")
            words.append("-n '__sender_lacks \(mark)\(names)'")
        }
        if let short = option.short { words.append("-s \(short)") }
        words.append("-l \(name)")
        // Without -r or -x, the value can only be attached with =.
        let needsValue = option.takesValue && !option.isValueOptional
        if needsValue { words.append(option.completes == .files ? "-r -F" : "-x") }
        switch option.completes {
        case .nothing, .files: break
        case .words(let choices): words.append("-a \(fishQuoted(choices.joined(separator: " ")))")
        }
        words.append("-d \(fishQuoted(option.summary))")
        return words.joined(separator: " ")
    }
}

/// The line of what may follow --help.
private func topicLine(_ option: CommandOption, _ table: [CommandOption]) -> String {
    "complete -c sender -n 'string match -q -- --\(option.long) (commandline -opc)[-1]' -a "
        + fishQuoted(topics(table).joined(separator: " "))
}

/// A text as one word of fish.
private func fishQuoted(_ text: String) -> String {
    "'" + text.replacing("\\", with: #"\\"#).replacing("'", with: #"\'"#) + "'"
}
