// The input options.
// SPDX-License-Identifier: Apache-2.0

/// The source of a run's messages.
enum MessageInput: Hashable, Sendable {
    /// They are made from their numbers.
    case counted
    /// The same text over and over, but for the number in it.
    case content(String)
    /// The same bytes over and over.
    case contentFile(String)
    /// A message for each part of standard input.
    case lines
    /// A message for each line of JSON on standard input.
    case json

    /// The default of --messages; nil: no limit.
    var messagesStandard: Int? {
        switch self {
        case .counted: 100
        case .content, .contentFile: 1
        case .lines, .json: nil
        }
    }

    var isStandardInput: Bool {
        switch self {
        case .lines, .json: true
        case .counted, .content, .contentFile: false
        }
    }
}

extension JournalInput {
    /// `standardInput` is what the shell has given, where it is read.
    init(_ input: MessageInput, _ standardInput: StandardInput?) {
        let isRegularFile = standardInput?.isRegularFile ?? false
        self =
            switch input {
            case .counted: .counted
            case .content, .contentFile: .content
            case .lines: isRegularFile ? .regularFile : .pipe
            case .json: isRegularFile ? .jsonFile : .jsonPipe
            }
    }
}

/// The AMQP type that a body text becomes.
enum BodyType: String, CaseIterable, Sendable {
    /// An AMQP string.
    case string
    /// Bytes, in a data section.
    case binary
    /// JSON, an object, that becomes a map.
    case map
    /// JSON of any type.
    case value
}

/// The treatment of a line that can't become a message.
enum OnBadData: String, CaseIterable, Sendable {
    /// End the input.
    case stop
    /// Count it and go on.
    case skip
    /// Write it to the rejected file and go on.
    case keep
}

/// All that is said of the input.
struct InputOptions: Hashable, Sendable {
    /// The default of --max-line-bytes.
    static let lineByteCountMaxStandard = 1 << 20
    /// A message has to have room in a record of the journal, also when its numbers take more
    /// bytes than their digits did.
    static let lineByteCountMaxMax: Int64 = 16 << 20

    var input = MessageInput.counted
    var delimiter = Delimiter.newline
    var lineByteCountMax = Self.lineByteCountMaxStandard
    /// Size of the bodies of counted messages; nil: they are their numbers.
    var contentByteCount: Int?
    var bodyType = BodyType.string
    var onBadData = OnBadData.stop
    /// Whether "body_file" may name a file outside of the input's folder.
    var isAnyBodyFileAllowed = false

    init() {}

    init(_ given: CommandOptions) throws(UsageError) {
        input = try Self.input(given)
        if !input.isStandardInput {
            for (option, isGiven) in [
                ("--delimiter", given.delimiter != nil),
                ("--max-line-bytes", given.lineByteCountMax != nil),
                ("--on-bad-data", given.onBadData != nil),
            ] where isGiven {
                throw UsageError("\(option) has no effect without --stdin or --json: add one")
            }
        }
        if given.bodyType != nil {
            switch input {
            case .content, .contentFile, .lines: break
            case .json:
                throw UsageError(
                    "--body-type has no effect with --json: give \"body_type\" in the line")
            case .counted:
                guard let size = given.contentByteCount else {
                    throw UsageError(
                        "--body-type has no effect without --content, --content-file, --content-size "
                            + "or --stdin: add one of them")
                }
                guard [.string, .binary].contains(given.bodyType) else {
                    throw UsageError(
                        "--content-size \(size) makes a text: give --body-type string or binary")
                }
            }
        }
        contentByteCount = given.contentByteCount
        delimiter = given.delimiter ?? delimiter
        lineByteCountMax = given.lineByteCountMax ?? lineByteCountMax
        guard !given.isAnyBodyFileAllowed || input == .json else {
            throw UsageError("--allow-any-body-file has no effect without --json: add that")
        }
        isAnyBodyFileAllowed = given.isAnyBodyFileAllowed
        bodyType = given.bodyType ?? bodyType
        onBadData = given.onBadData ?? onBadData
        guard onBadData != .keep || given.rejectedFile != nil else {
            throw UsageError(
                "--on-bad-data keep needs a file to keep bad lines in: add --rejected-file FILE")
        }
    }

    private static func input(_ given: CommandOptions) throws(UsageError) -> MessageInput {
        var inputs: [(option: String, input: MessageInput)] = []
        if let content = given.content { inputs.append(("--content", .content(content))) }
        if let path = given.contentFile { inputs.append(("--content-file", .contentFile(path))) }
        if given.contentByteCount != nil { inputs.append(("--content-size", .counted)) }
        if given.takesLines { inputs.append(("--stdin", .lines)) }
        if given.takesJSON { inputs.append(("--json", .json)) }
        guard inputs.count <= 1 else {
            throw UsageError(
                "\(inputs[0].option) and \(inputs[1].option) contradict each other: "
                    + "give one of them")
        }
        return inputs.first?.input ?? .counted
    }
}
