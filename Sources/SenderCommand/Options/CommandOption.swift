// One option of the command, as a value.
// SPDX-License-Identifier: Apache-2.0

/// All there is to know about an option.
///
/// The parser, the sentences for wrong usage, both helps, the man page and the completions of the
/// shells are made from these values alone.
struct CommandOption: Sendable {
    /// Where an option stands in the help.
    enum Section: String, CaseIterable {
        case destination = "Where to"
        case security = "Security"
        case input = "What to send"
        case pace = "How many, how fast"
        case target = "Messages and target"
        case properties = "Message properties"
        case recovery = "Recovery"
        case limits = "Limits"
        case files = "Files"
        case reporting = "Seeing what happens"
        case other = "Other"
    }

    /// What an option does when it is met.
    enum Effect: Sendable {
        /// Takes no value.
        case flag(@Sendable (inout CommandOptions) -> Void)
        /// Takes no value and has an opposite; both together are wrong usage.
        case pair(negation: String, @Sendable (inout CommandOptions, Bool) -> Void)
        /// Takes a value.
        case value(placeholder: String, Reader)
        /// Takes a value if one is written onto its long name with `=`; else that of the table.
        case optionalValue(placeholder: String, standard: String, Reader)
        /// Ends the parsing: help, short when the option is spelled short.
        case help
        /// Ends the parsing: the version.
        case version
        /// Ends the parsing: the text that the value names.
        case generate(placeholder: String)
    }

    /// What a shell offers where a value is due.
    enum Completion: Hashable {
        case nothing
        case files
        /// All that may be given, or what is given most.
        case words([String])

        /// An enumeration's words.
        static func words<Word: RawRepresentable & CaseIterable>(of type: Word.Type) -> Completion
        where Word.RawValue == String {
            .words(Word.allCases.map(\.rawValue))
        }
    }

    /// What happens to an option that takes a value and comes more than once.
    enum Repetition: Hashable {
        /// An alias of the shell can be overridden.
        case lastWins
        case isCollected
        /// Wrong usage, for this reason.
        case isWrong(String)
    }

    typealias Reader =
        @Sendable (inout CommandOptions, GivenValue) throws(UsageError) -> Void

    var short: Character?
    var long: String
    var section: Section
    /// As the user would write it; nil when there is none to speak of.
    var defaultText: String?
    /// For `-h`: a few words.
    var summary: String
    /// For `--help`: all that is to say.
    var details: String
    var repetition = Repetition.lastWins
    var completes = Completion.nothing
    var effect: Effect

    /// Whether a value may be given.
    var takesValue: Bool {
        switch effect {
        case .value, .optionalValue, .generate: true
        case .flag, .pair, .help, .version: false
        }
    }

    /// The word that stands for the value in the help; nil for an option without one.
    var placeholder: String? {
        switch effect {
        case .value(let placeholder, _), .optionalValue(let placeholder, _, _),
            .generate(let placeholder):
            placeholder
        case .flag, .pair, .help, .version: nil
        }
    }

    /// Whether the value can only be written onto the long name with `=`.
    var isValueOptional: Bool {
        guard case .optionalValue = effect else { return false }
        return true
    }

    var negation: String? {
        guard case .pair(let negation, _) = effect else { return nil }
        return negation
    }

    /// The long names, without the dashes.
    var longNames: [String] {
        [long] + (negation.map { [$0] } ?? [])
    }

    /// All names as they are typed: `-m`, `--messages`.
    var spellings: [String] {
        (short.map { ["-\($0)"] } ?? []) + longNames.map { "--\($0)" }
    }

    /// The names as the help shows them: `-m, --messages COUNT`.
    var synopsis: String {
        let joined = spellings.joined(separator: ", ")
        guard let placeholder else { return joined }
        return isValueOptional ? "\(joined)[=\(placeholder)]" : "\(joined) \(placeholder)"
    }
}
