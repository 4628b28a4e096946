// An encoded message, and where it goes to.
// SPDX-License-Identifier: Apache-2.0

/// An encoded message, and the address that its line names.
struct EncodedLine: Hashable, Sendable {
    /// An attach with it must fit into a frame, of which no peer has to take large ones.
    static let addressByteCountMax = 4096

    var encoded: [UInt8]
    /// nil: it goes to that of the run.
    var address: String?
}
