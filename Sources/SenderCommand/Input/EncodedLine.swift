// An encoded message, and where it goes to.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// An encoded message, and the address that its line names.
struct EncodedLine: Hashable, Sendable {
    /// An attach with it must fit into a frame, of which no peer has to take large ones.
    static let addressByteCountMax = 4096

    var encoded: [UInt8]
    /// nil: it goes to that of the run.
    var address: String?

    /// Whether a line may name this as its address.
    static func isAddress(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= addressByteCountMax && !text.hasControlCharacter
    }
}
