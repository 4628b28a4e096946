// One option of the command, as a value.
// SPDX-License-Identifier: Apache-2.0

/// All there is to know about an option.
///
/// The parser, the sentences for wrong usage and both helps are made from these values alone.
struct CommandOption: Sendable {
    /// Where an option stands in the help.
    enum Section: String, CaseIterable {
        case destination = "Where to"
        case pace = "How many, how fast"
        case target = "Messages and target"
        case recovery = "Recovery"
        case limits = "Limits"
        case files = "Files"
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
    var effect: Effect

    /// Whether a value may be given.
    var takesValue: Bool {
        switch effect {
        case .value, .optionalValue: true
        case .flag, .pair, .help, .version: false
        }
    }

    var negation: String? {
        guard case .pair(let negation, _) = effect else { return nil }
        return negation
    }

    /// The long names, without the dashes.
    var longNames: [String] {
        [long] + (negation.map { [$0] } ?? [])
    }

    /// The names as the help shows them: `-m, --messages COUNT`.
    var synopsis: String {
        var names = short.map { ["-\($0)"] } ?? []
        names += longNames.map { "--\($0)" }
        let joined = names.joined(separator: ", ")
        return switch effect {
        case .value(let placeholder, _): "\(joined) \(placeholder)"
        case .optionalValue(let placeholder, _, _): "\(joined)[=\(placeholder)]"
        case .flag, .pair, .help, .version: joined
        }
    }
}
