// An option of the command, as a value.
// SPDX-License-Identifier: Apache-2.0

/// The description of an option.
///
/// The parser, the errors for wrong usage, -h, --help, the man page and the completions are all made
/// from these values.
struct CommandOption: Sendable {
    /// The section of the help.
    enum Section: String, CaseIterable {
        case destination = "Destination"
        case security = "Security"
        case input = "Input"
        case pace = "Pace"
        case target = "Messages and target"
        case properties = "Message properties"
        case recovery = "Recovery"
        case limits = "Limits"
        case files = "Files"
        case reporting = "Reporting"
        case other = "Other"
    }

    /// The effect of an option.
    enum Effect: Sendable {
        /// Takes no value.
        case flag(@Sendable (inout CommandOptions) -> Void)
        /// Takes no value and has a negation; both together are wrong usage.
        case pair(negation: String, @Sendable (inout CommandOptions, Bool) -> Void)
        /// Takes a value.
        case value(placeholder: String, Reader)
        /// Takes an optional value, attached with `=` to its long name; else the standard one.
        case optionalValue(placeholder: String, standard: String, Reader)
        /// Ends the parsing with the help: the short one for -h, or that of an option or topic.
        case help
        /// Ends the parsing with the version.
        case version
        /// Prints the text that the value names.
        case generate(placeholder: String)
    }

    /// The completion of a value in shells.
    enum Completion: Hashable {
        case nothing
        case files
        /// All possible values, or the most common ones.
        case words([String])

        /// The words of an enumeration.
        static func words<Word: RawRepresentable & CaseIterable>(of type: Word.Type) -> Completion
        where Word.RawValue == String {
            .words(Word.allCases.map(\.rawValue))
        }
    }

    /// The effect of giving an option with a value more than once.
    enum Repetition: Hashable {
        /// Allows to override a shell alias.
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
    /// The default as the user would write it; nil for none worth mentioning.
    var defaultText: String?
    /// The line of `-h`: a few words.
    var summary: String
    /// The paragraph of `--help`.
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

    /// Whether the name of an option or topic may follow.
    var takesTopic: Bool {
        guard case .help = effect else { return false }
        return true
    }

    /// The placeholder of the value in the help; nil for an option without a value.
    var placeholder: String? {
        switch effect {
        case .value(let placeholder, _), .optionalValue(let placeholder, _, _),
            .generate(let placeholder):
            placeholder
        case .flag, .pair, .help, .version: nil
        }
    }

    /// Whether the value can only be attached with `=` to the long name.
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

    /// All names as typed: `-m`, `--messages`.
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
