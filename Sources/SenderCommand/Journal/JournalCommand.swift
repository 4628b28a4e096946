// The options that a journal's messages depend on.
// SPDX-License-Identifier: Apache-2.0

/// Options that determine the bodies of a journal's messages, besides the input.
struct JournalCommand: Hashable {
    var bodyType = BodyType.string
    var delimiter = UInt8(ascii: "\n")
    /// Checksum of --content or --content-file; 0 without one.
    var contentChecksum: UInt32 = 0

    /// The first difference between two commands.
    enum Difference: Hashable {
        case bodyType(journal: BodyType, given: BodyType)
        case delimiter(journal: UInt8, given: UInt8)
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

    func append(to bytes: inout [UInt8]) {
        bytes.append(bodyType.code)
        bytes.append(delimiter)
        bytes.appendFixed(contentChecksum)
    }

    init?(from reader: inout ByteReader) {
        guard let bodyType = reader.byte().flatMap(BodyType.init(code:)),
            let delimiter = reader.byte(), let checksum = reader.fixed(UInt32.self)
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
            "--delimiter '\(delimiterText(journal))', not '\(delimiterText(given))'"
        case .content:
            "another text of --content or --content-file"
        }
    }
}

/// A byte in the form that --delimiter takes.
private func delimiterText(_ byte: UInt8) -> String {
    switch byte {
    case 0: "\\0"
    case UInt8(ascii: "\n"): "\\n"
    case UInt8(ascii: "\t"): "\\t"
    case UInt8(ascii: "\r"): "\\r"
    case UInt8(ascii: "\\"): "\\\\"
    case 0x20..<0x7F: String(UnicodeScalar(byte))
    default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
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
