// Cuts a command line into options, values and arguments by the GNU conventions.
// SPDX-License-Identifier: Apache-2.0

/// Knows `-rq`, `-m5`, `-m 5`, `--messages=5`, `--messages 5` and `--`, but no option by name.
///
/// Only its user knows which option takes a value, so it asks for one with ``value()``. A value
/// may begin with a minus: what follows an option that needs a value is that value.
struct ArgumentLexer {
    enum Token: Hashable {
        case short(Character)
        case long(String)
        case argument(String)
    }

    private var rest: ArraySlice<String>
    /// What is left of `-rq` after `-r`, or of `-m5` after `-m`.
    private var cluster: Substring = ""
    /// The 5 of `--messages=5`, until it is asked for.
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
            // A minus alone is an argument: by custom it stands for standard input.
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

    /// The value of the option that came last; nil when the command line ends before it.
    mutating func value() -> String? {
        if let text = attached ?? nonEmptyCluster() {
            attached = nil
            cluster = ""
            return String(text)
        }
        return rest.popFirst()
    }

    /// The value written onto a long option with `=`; nil when there is none.
    mutating func attachedValue() -> String? {
        defer { attached = nil }
        return attached.map(String.init)
    }

    /// The value written onto a long option with `=`, if there is one that was not asked for.
    var unaskedValue: String? {
        attached.map(String.init)
    }

    private mutating func long(_ word: Substring) -> Token {
        // A byte: a mark that a value begins with would make one character with it.
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
