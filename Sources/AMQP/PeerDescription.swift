// Descriptions of peers and links.
// SPDX-License-Identifier: Apache-2.0

/// A peer's open (§2.7.1), and the last link that was attached there.
///
/// All texts are the peer's: they may hold anything.
public struct PeerDescription: Sendable, Hashable {
    /// One of its properties, with its value as text.
    public struct Property: Sendable, Hashable {
        /// Name, such as `product`.
        public var key: String
        /// Its value.
        public var value: String

        /// Makes a property.
        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// The peer's attach of a link (§2.7.3), and its first credit.
    public struct Link: Sendable, Hashable {
        /// Address of the target (§3.5.4); nil when the peer gave none.
        public var address: String?
        /// Capabilities that the target has.
        public var capabilities: [String]
        /// Largest message that the peer takes.
        ///
        /// 0: no limit.
        /// - Units: bytes.
        public var maxMessageSize: UInt64
        /// The first credit that the peer gave; 0 while there was none.
        public var credit = 0

        /// Makes a description of a link that has no credit yet.
        public init(address: String?, capabilities: [String], maxMessageSize: UInt64) {
            self.address = address
            self.capabilities = capabilities
            self.maxMessageSize = maxMessageSize
        }
    }

    /// Its container id.
    public var containerID: String
    /// Largest frame that it takes.
    ///
    /// 0: no limit.
    /// - Units: bytes.
    public var maxFrameSize: UInt32 = 0
    /// A silence after which it gives the connection up.
    ///
    /// 0: none.
    public var idleTimeoutMilliseconds: UInt32 = 0
    /// Capabilities that it offers.
    public var capabilities: [String] = []
    /// Its properties, in its order, as far as they are text, numbers or booleans.
    public var properties: [Property] = []
    /// The link; nil when none was attached, or it was refused.
    public var link: Link?

    /// Makes a description of a peer that said no more than its container id.
    public init(containerID: String) {
        self.containerID = containerID
    }
}
