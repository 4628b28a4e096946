// Messages of several sizes that are told apart by their bytes.
// SPDX-License-Identifier: Apache-2.0

internal import ReliableSender

/// The bytes of each message of a run.
struct MessageBytes: Sendable {
    /// By sequence, from 1.
    private let sizes: [Int]

    init(sizes: [Int]) {
        self.sizes = sizes
    }

    var count: Int { sizes.count }

    /// One section of data (§3.2.6): the sequence, and bytes that depend on it.
    subscript(sequence: UInt64) -> [UInt8] {
        let size = sizes[Int(sequence) - 1]
        let number = withUnsafeBytes(of: sequence.bigEndian, Array.init)
        let filler = (0..<size).map { UInt8(truncatingIfNeeded: UInt64($0) &* 31 &+ sequence) }
        let length = withUnsafeBytes(of: UInt32(8 + size).bigEndian, Array.init)
        return [0x00, 0x53, 0x75, 0xB0] + length + number + filler
    }

    /// The message that begins with these bytes; nil: none of the run.
    func sequence(beginning bytes: [UInt8]) -> UInt64? {
        guard bytes.count >= 16 else { return nil }
        let sequence = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        guard (1...UInt64(count)).contains(sequence) else { return nil }
        return self[sequence].starts(with: bytes) ? sequence : nil
    }
}

/// Gives the messages of a run.
final class NumberedMessages: MessageSource {
    private let messages: MessageBytes
    private(set) var takenCount = 0

    init(_ messages: MessageBytes) {
        self.messages = messages
    }

    var next: NextMessage? {
        guard !isAtEnd else { return nil }
        let sequence = UInt64(takenCount) + 1
        return NextMessage(sequence: sequence, size: messages[sequence].count)
    }

    var isAtEnd: Bool { takenCount >= messages.count }

    func take() {
        takenCount += 1
    }

    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        messages[sequence].withUnsafeBytes(body)
    }

    func free(_ sequences: [UInt64]) {}
}
