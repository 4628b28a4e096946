// Splits a command line into options, values and arguments by the GNU conventions.
// SPDX-License-Identifier: Apache-2.0

/// Knows `-rq`, `-m5`, `-m 5`, `--messages=5`, `--messages 5` and `--`, but no option by name.
///
/// The caller knows which options take a value, and asks for it with ``value()``. A value may begin
/// with a minus: the word after an option that needs a value is the value.
struct ArgumentLexer {
    enum Token: Hashable {
        case short(Character)
        case long(String)
        case argument(String)
    }

    private var rest: ArraySlice<String>
    /// The rest of `-rq` after `-r`, or of `-m5` after `-m`.
    private var cluster: Substring = ""
    /// The 5 of `--messages=5`, until ``value()`` returns it.
    private var attached: Substring?
    private var onlyArguments = false

    init(_ arguments: [String]) {
        rest = arguments[...]
    }

    /// The next option or argument; nil at the end.
    mutating func next() -> Token? {
        attached = nil
        if let letter = cluster.popFirst() { return .short(letter) }
        while let word = rest.popFirst() {
            // A lone minus is an argument: by convention it means standard input.
            if onlyArguments || word == "-" || !word.hasPrefix("-") { return .argument(word) }
            if word == "--" {
                onlyArguments = true
            } else if word.hasPrefix("--") {
                return long(word.dropFirst(2))
            } else {
                cluster = word.dropFirst()
                return cluster.popFirst().map(Token.short)
            }
        }
        return nil
    }

    /// The value of the last option; nil at the end of the command line.
    mutating func value() -> String? {
        if let text = attached ?? nonEmptyCluster() {
            attached = nil
            cluster = ""
            return String(text)
        }
        return rest.popFirst()
    }

    /// The next word, if no letters are left of this one and it is no option.
    mutating func followingWord() -> String? {
        guard cluster.isEmpty, let word = rest.first, !word.hasPrefix("-") else { return nil }
        return rest.popFirst()
    }

    /// The value attached to a long option with `=`; nil without one.
    mutating func attachedValue() -> String? {
        defer { attached = nil }
        return attached.map(String.init)
    }

    /// The value attached with `=` to an option that takes none.
    var unaskedValue: String? {
        attached.map(String.init)
    }

    private mutating func long(_ word: Substring) -> Token {
        // As a byte: a combining mark behind it would form one character with it.
        guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            return .long(String(word))
        }
        attached = word[word.utf8.index(after: equals)...]
        return .long(String(word[..<equals]))
    }

    private func nonEmptyCluster() -> Substring? {
        cluster.isEmpty ? nil : cluster
    }
}
