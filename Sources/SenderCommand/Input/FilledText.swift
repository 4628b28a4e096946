// Texts with placeholders.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// The names in placeholders such as {{sequence}}.
enum Placeholder: String, CaseIterable, Sendable {
    case sequence, time, uuid
    case runID = "run-id"
    case address

    /// All of them, for errors and the help.
    static let names = allCases.map { "{{\($0.rawValue)}}" }.joined(separator: ", ")
}

/// The values of the placeholders that are the same in all messages.
struct PlaceholderValues: Hashable, Sendable {
    var runID = ""
    var address = ""

    fileprivate func append(
        _ placeholder: Placeholder, sequence: UInt64, to bytes: inout [UInt8]
    ) {
        switch placeholder {
        case .sequence: bytes.append(decimal: Int(clamping: sequence))
        case .time: bytes.append(utcMilliseconds: systemWallClock())
        case .uuid: bytes.append(AMQPUUID.random.text)
        case .runID: bytes.append(runID)
        case .address: bytes.append(address)
        }
    }
}

/// A text with placeholders, which differ from message to message.
struct FilledText: Hashable, Sendable {
    /// A name in double braces that no placeholder has.
    struct UnknownName: Error, Hashable {
        var name: String
    }

    /// The texts around the placeholders: one more than these.
    private(set) var texts: [[UInt8]] = [[]]
    private(set) var placeholders: [Placeholder] = []

    /// Bytes as they are.
    init(verbatim bytes: [UInt8]) {
        texts = [bytes]
    }

    /// Finds the placeholders; `{{{{` stands for `{{`, and any other name in braces for itself.
    init(_ bytes: [UInt8]) {
        self.init(parsing: bytes) { _ in }
    }

    /// Finds the placeholders; another name in braces is an error.
    init(strict text: String) throws(UnknownName) {
        var unknown: String?
        self.init(parsing: Array(text.utf8)) { unknown = unknown ?? $0 }
        if let unknown { throw UnknownName(name: unknown) }
    }

    private init(parsing bytes: [UInt8], onUnknown: (String) -> Void) {
        let (brace, escape) = (UInt8(ascii: "{"), Array("{{{{".utf8))
        var index = 0
        while index < bytes.count {
            let rest = bytes[index...]
            let plain = rest.prefix { $0 != brace }
            if !plain.isEmpty {
                texts[texts.count - 1] += plain
                index = plain.endIndex
            } else if rest.starts(with: escape) {
                texts[texts.count - 1] += [brace, brace]
                index += escape.count
            } else if let name = Self.name(rest) {
                if let placeholder = Placeholder(rawValue: name) {
                    placeholders.append(placeholder)
                    texts.append([])
                } else {
                    onUnknown(name)
                    texts[texts.count - 1] += Array("{{\(name)}}".utf8)
                }
                index += name.utf8.count + 4
            } else {
                texts[texts.count - 1].append(bytes[index])
                index += 1
            }
        }
    }

    /// The name between double braces at the beginning.
    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.starts(with: Array("{{".utf8)) else { return nil }
        let name = bytes.dropFirst(2).prefix(while: isPartOfName)
        guard !name.isEmpty, bytes[name.endIndex...].starts(with: Array("}}".utf8)) else {
            return nil
        }
        return String(decoding: name, as: UTF8.self)
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The text, if it has no placeholders.
    var constant: [UInt8]? { placeholders.isEmpty ? texts[0] : nil }

    /// The text for one message.
    func bytes(sequence: UInt64, _ values: PlaceholderValues) -> [UInt8] {
        var bytes = texts[0]
        for (placeholder, text) in zip(placeholders, texts.dropFirst()) {
            values.append(placeholder, sequence: sequence, to: &bytes)
            bytes += text
        }
        return bytes
    }

    /// The same as a string.
    func string(sequence: UInt64, _ values: PlaceholderValues) -> String {
        String(decoding: bytes(sequence: sequence, values), as: UTF8.self)
    }

    /// Identifies the text in a journal.
    var checksum: UInt32 {
        var sum = CRC32C()
        for (index, text) in texts.enumerated() {
            sum.add(UInt64(text.count))
            sum.add(text)
            // As when there was one placeholder only.
            if index < placeholders.count, placeholders[index] != .sequence {
                sum.add(Array(placeholders[index].rawValue.utf8))
            }
        }
        return sum.value
    }
}

extension AMQPUUID {
    /// A random one (RFC 9562, version 4).
    fileprivate static var random: AMQPUUID {
        AMQPUUID(
            high: .random(in: 0 ... .max) & ~0xF000 | 0x4000,
            low: .random(in: 0 ... .max) & ~(3 << 62) | 2 << 62)
    }
}
