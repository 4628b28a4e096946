// Completions for zsh.
// SPDX-License-Identifier: Apache-2.0

/// The zsh script that completes a command line of `sender`, as a file in `fpath` or sourced.
func zshCompletion(_ table: [CommandOption]) -> String {
    let all = table.flatMap { specifications($0, among: table) }
    return #"""
        #compdef sender
        # Completes what zsh has of a command line of sender.
        # Made by sender --generate complete-zsh.

        _sender() {
            local -a options
            options=(
        \#(all.map { "        " + $0 }.joined(separator: "\n"))
            )
            _arguments -s -S : $options
        }

        if [[ $funcstack[1] == _sender ]]; then
            _sender "$@"
        else
            compdef _sender sender
        fi

        """#
}

/// The `_arguments` specifications of an option, one per name.
private func specifications(
    _ option: CommandOption, among table: [CommandOption]
) -> [String] {
    let names = option.spellings
    let others =
        switch option.effect {
        // They exclude every other option.
        case .help, .version, .generate: "(- *)"
        case .flag, .pair, .value, .optionalValue:
            option.isRepeatable ? "*" : "(\(names.joined(separator: " ")))"
        }
    return names.map { name in
        shellQuoted(
            others + name + valueMark(option, name) + "[\(escaped(option.summary))]"
                + (option.takesTopic ? "::NAME:(\(topics(table).joined(separator: " ")))" : "")
                + value(option))
    }
}

/// The place of the value: attached to `-m` or `--messages=`, or the next word.
private func valueMark(_ option: CommandOption, _ name: String) -> String {
    guard option.takesValue else { return "" }
    if option.isValueOptional { return "=-" }
    return name.hasPrefix("--") ? "=" : "+"
}

private func value(_ option: CommandOption) -> String {
    guard let placeholder = option.placeholder else { return "" }
    let colon = option.isValueOptional ? "::" : ":"
    let action =
        switch option.completes {
        case .nothing: " "
        case .files: "_files"
        case .words(let words): "(\(words.map(escaped).joined(separator: " ")))"
        }
    return "\(colon)\(placeholder):\(action)"
}

/// Escapes characters with a meaning in a specification.
private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
        if #"\:[]()"#.contains(character) { result.append("\\") }
        result.append(character)
    }
    return result
}
