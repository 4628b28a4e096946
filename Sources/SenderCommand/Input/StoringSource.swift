// Sources that store their messages.
// SPDX-License-Identifier: Apache-2.0

/// A source that stores encoded messages until they are final.
protocol StoringSource: ResumableSource {
    /// From taking until final.
    var kept: KeptMessages { get set }
}

extension StoringSource {
    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard let encoded = kept[sequence] else {
            preconditionFailure("message \(sequence) was not taken or is final")
        }
        encoded.withUnsafeBytes(body)
    }

    func free(_ sequences: [UInt64]) {
        for sequence in sequences { kept.remove(sequence) }
    }
}
