// The texts that --generate prints.
// SPDX-License-Identifier: Apache-2.0

/// A text for a package, made from the option table.
enum GeneratedText: String, CaseIterable {
    case man
    case completeBash = "complete-bash"
    case completeZsh = "complete-zsh"
    case completeFish = "complete-fish"

    /// The text itself.
    func text(from table: [CommandOption] = CommandOption.all) -> String {
        switch self {
        case .man: manPage(table)
        case .completeBash: bashCompletion(table)
        case .completeZsh: zshCompletion(table)
        case .completeFish: fishCompletion(table)
        }
    }
}

extension CommandOption {
    /// Whether a second one on the same command line has an effect.
    var isRepeatable: Bool { repetition == .isCollected }
}

/// The words that may follow --help.
func topics(_ table: [CommandOption]) -> [String] {
    (table.flatMap(\.longNames) + helpTopics).sorted()
}

/// A text as one word of zsh or bash, in single quotes.
func shellQuoted(_ text: String) -> String {
    "'" + text.replacing("'", with: #"'\''"#) + "'"
}
