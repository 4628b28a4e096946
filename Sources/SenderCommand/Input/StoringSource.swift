// Sources that store their messages.
// SPDX-License-Identifier: Apache-2.0

/// A source that stores encoded messages until they are final.
protocol StoringSource: ResumableSource {
    /// Encoded messages by sequence, from taking until final.
    var kept: [UInt64: [UInt8]] { get set }
}

extension StoringSource {
    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard let encoded = kept[sequence] else {
            preconditionFailure("message \(sequence) was not taken or is final")
        }
        encoded.withUnsafeBytes(body)
    }

    func forget(_ sequences: [UInt64]) {
        for sequence in sequences { kept[sequence] = nil }
    }
}
