// The options that a journal's messages depend on.
// SPDX-License-Identifier: Apache-2.0

/// Options that determine the bodies of a journal's messages, besides the input.
struct JournalCommand: Hashable {
    var bodyType = BodyType.string
    var delimiter = Delimiter.newline
    /// Checksum of --content, --content-file or --content-size; 0 without one.
    var contentChecksum: UInt32 = 0

    /// The first difference between two commands.
    enum Difference: Hashable {
        case bodyType(journal: BodyType, given: BodyType)
        case delimiter(journal: Delimiter, given: Delimiter)
        case content
    }

    /// The first difference; nil for equal commands.
    func difference(to given: JournalCommand) -> Difference? {
        if bodyType != given.bodyType {
            return .bodyType(journal: bodyType, given: given.bodyType)
        }
        if delimiter != given.delimiter {
            return .delimiter(journal: delimiter, given: given.delimiter)
        }
        return contentChecksum == given.contentChecksum ? nil : .content
    }
}

extension JournalCommand {
    init(_ input: InputOptions, _ content: ContentTemplate?) {
        bodyType = input.bodyType
        delimiter = input.delimiter
        contentChecksum = content?.checksum ?? 0
    }

    var hasLongDelimiter: Bool { delimiter.count > 1 }

    /// `withDelimiterSize`: a byte before the delimiter says its size, else it is 1.
    func append(to bytes: inout [UInt8], withDelimiterSize hasDelimiterSize: Bool) {
        bytes.append(bodyType.code)
        if hasDelimiterSize { bytes.append(UInt8(delimiter.count)) }
        bytes += delimiter.bytes
        bytes.appendFixed(contentChecksum)
    }

    init?(from reader: inout ByteReader, hasDelimiterSize: Bool) {
        guard let bodyType = reader.byte().flatMap(BodyType.init(code:)),
            let count = hasDelimiterSize ? reader.byte() : 1,
            let delimiter = reader.bytes(count: UInt64(count)).flatMap({ Delimiter(Array($0)) }),
            let checksum = reader.fixed(UInt32.self)
        else { return nil }
        self.init(bodyType: bodyType, delimiter: delimiter, contentChecksum: checksum)
    }
}

extension JournalCommand.Difference {
    /// The journal's options, for an error.
    var words: String {
        switch self {
        case .bodyType(let journal, let given):
            "--body-type \(journal.rawValue), not \(given.rawValue)"
        case .delimiter(let journal, let given):
            "--delimiter '\(journal)', not '\(given)'"
        case .content:
            "another text of --content or --content-file, or another --content-size"
        }
    }
}

extension BodyType {
    fileprivate var code: UInt8 {
        switch self {
        case .string: 1
        case .binary: 2
        case .map: 3
        case .value: 4
        }
    }

    fileprivate init?(code: UInt8) {
        guard let type = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = type
    }
}
