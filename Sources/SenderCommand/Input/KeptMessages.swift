// Messages that are kept as they are sent.
// SPDX-License-Identifier: Apache-2.0

/// A source whose messages can't be made a second time.
protocol KeepingSource: ResumableSource {
    /// Encoded, by number, from when they are taken until they are final.
    var kept: [UInt64: [UInt8]] { get set }
}

extension KeepingSource {
    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard let encoded = kept[sequence] else {
            preconditionFailure("message \(sequence) was not taken or is final")
        }
        encoded.withUnsafeBytes(body)
    }

    func forget(sequence: UInt64) {
        kept[sequence] = nil
    }
}
