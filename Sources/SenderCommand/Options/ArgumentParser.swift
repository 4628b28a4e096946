// The parser of the command line.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The action that a command line asks for.
enum Invocation: Hashable {
    case run(RunOptions)
    case shortHelp
    case longHelp
    /// The text of --help about one option or topic.
    case explanation(String)
    case version
    case generated(GeneratedText)
}

/// Parses the arguments after the program's name, up to the first error.
func parseArguments(
    _ arguments: [String], table: [CommandOption] = CommandOption.all,
    environment: Environment = .none
) throws(UsageError) -> Invocation {
    var parser = ArgumentParser(arguments, table: table, environment: environment)
    return try parser.parse()
}

private struct ArgumentParser {
    private var lexer: ArgumentLexer
    private let arguments: [String]
    private let table: [CommandOption]
    private let environment: Environment
    private var options = CommandOptions()
    /// The text of --generate.
    private var generatedText: GeneratedText?
    /// The options given, by long name, and how each was spelt.
    ///
    /// They are few: a dictionary would cost more when the program starts.
    private var given: [(long: String, spelling: String)] = []

    init(_ arguments: [String], table: [CommandOption], environment: Environment) {
        self.environment = environment
        lexer = ArgumentLexer(arguments)
        self.arguments = arguments
        self.table = table
    }

    mutating func parse() throws(UsageError) -> Invocation {
        try checkEncoding()
        while let token = lexer.next() {
            switch token {
            case .argument(let text):
                throw unexpected(text)
            case .short(let letter):
                guard let option = table.first(where: { $0.short == letter }) else {
                    throw unknownShort(letter)
                }
                if let end = try apply(option, spelling: "-\(letter)") { return end }
            case .long(let name):
                guard let option = table.first(where: { $0.longNames.contains(name) }) else {
                    throw unknownLong(name)
                }
                if let end = try apply(option, spelling: "--\(name)") { return end }
            }
        }
        if let generatedText { return .generated(generatedText) }
        return .run(try RunOptions(options, environment))
    }

    /// Refuses arguments that are not UTF-8: Swift repairs them, and messages would go to a wrong
    /// address.
    private func checkEncoding() throws(UsageError) {
        for (index, argument) in arguments.enumerated() where argument.contains("\u{fffd}") {
            throw UsageError("argument \(index + 1) is not valid UTF-8: give it in that encoding")
        }
    }

    private mutating func apply(
        _ option: CommandOption, spelling: String
    ) throws(UsageError) -> Invocation? {
        if !option.takesValue, !option.takesTopic, let value = lexer.unaskedValue {
            throw UsageError(
                "\(spelling) takes no value, but \(quoted(withoutSecrets(value))) was given: leave it out"
            )
        }
        let previous = given.last { $0.long == option.long }?.spelling
        given.append((option.long, spelling))
        switch option.effect {
        case .help:
            if let name = lexer.attachedValue() ?? lexer.followingWord() {
                guard let text = explanation(of: name, table) else { throw unknownTopic(name) }
                return .explanation(text)
            }
            return spelling.hasPrefix("--") ? .longHelp : .shortHelp
        case .version:
            return .version
        case .generate(let placeholder):
            let given = try value(of: spelling, placeholder)
            generatedText = try given.word(of: GeneratedText.self)
        case .flag(let set):
            set(&options)
        case .pair(let negation, let set):
            if let previous, previous != spelling {
                throw UsageError(
                    "\(previous) and \(spelling) contradict each other: give one of them")
            }
            set(&options, spelling != "--\(negation)")
        case .value(let placeholder, let read):
            if previous != nil, case .isWrong(let reason) = option.repetition {
                throw UsageError("\(spelling) is given more than once: \(reason)")
            }
            try read(&options, try value(of: spelling, placeholder))
        case .optionalValue(_, let standard, let read):
            let text = lexer.attachedValue() ?? standard
            try read(&options, GivenValue(option: spelling, text: text))
        }
        return nil
    }

    private mutating func value(
        of spelling: String, _ placeholder: String
    ) throws(UsageError) -> GivenValue {
        guard let text = lexer.value() else {
            throw UsageError("\(spelling) needs a value: give it as \(spelling) \(placeholder)")
        }
        return GivenValue(option: spelling, text: text)
    }

    private func unexpected(_ text: String) -> UsageError {
        // It may be the rest of an unquoted password with a space.
        guard !given.contains(where: { $0.long == "password" }) else {
            return UsageError(
                "unexpected argument, not shown as it may belong to the password: put a password "
                    + "with spaces in quotes; sender takes only options, see sender --help")
        }
        return UsageError(
            "unexpected argument \(quoted(withoutSecrets(text))): "
                + "sender takes only options, see sender --help")
    }

    private func unknownTopic(_ name: String) -> UsageError {
        let known = table.flatMap(\.longNames) + helpTopics
        let nearest = nearest(to: name.lowercased(), among: known)
        return UsageError(
            "there is no option or topic \(quoted(withoutSecrets(name))): "
                + (nearest.map { "did you mean \($0)?" }
                    ?? "the topics are \(helpTopics.joined(separator: ", ").withLastCommaAsAnd)"))
    }

    private func unknownShort(_ letter: Character) -> UsageError {
        let name = quotable("-\(letter)")
        let otherCase = letter.isLowercase ? letter.uppercased() : letter.lowercased()
        guard table.contains(where: { $0.short.map(String.init) == otherCase }) else {
            return UsageError("unknown option \(name): see sender --help")
        }
        return UsageError("unknown option \(name): did you mean -\(otherCase)?")
    }

    private func unknownLong(_ name: String) -> UsageError {
        let shown = quotable("--\(name)")
        guard let nearest = nearest(to: name, among: table.flatMap(\.longNames)) else {
            return UsageError("unknown option \(shown): see sender --help")
        }
        return UsageError("unknown option \(shown): did you mean --\(nearest)?")
    }
}
