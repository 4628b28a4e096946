// What a peer said of itself, for a person who looks whether it is the right one.
// SPDX-License-Identifier: Apache-2.0

public import LinkRecovery
internal import Proton

/// What the last peer of a run said in its open, and of the last link that was attached there.
///
/// All texts are the peer's: they may hold anything.
public struct PeerDescription: Sendable, Hashable {
    /// One of its properties (§2.7.1), with its value as text.
    public struct Property: Sendable, Hashable {
        /// Name, such as `product`.
        public var key: String
        /// Its value.
        public var value: String
    }

    /// What the peer said of a link.
    public struct Link: Sendable, Hashable {
        /// The target's address; nil when the peer gave none.
        public var address: String?
        /// Capabilities that the target has.
        public var capabilities: [String]
        /// Largest message that it takes, in bytes; 0: no limit.
        public var maxMessageSize: UInt64
        /// The first credit that it gave; 0 while there was none.
        public var credit: Int
    }

    /// Its container id.
    public var containerID: String
    /// Largest frame that it takes, in bytes; 0: no limit.
    public var maxFrameSize: UInt32
    /// A silence after which it gives up; 0: none.
    public var idleTimeout: Milliseconds
    /// Capabilities that it offers.
    public var capabilities: [String]
    /// Its properties, as far as they are text, numbers or booleans.
    public var properties: [Property]
    /// The link; nil when none was attached, or it was refused.
    public var link: Link?
}

extension PeerDescription {
    init(containerID: String, _ peer: Proton.PeerDescription) {
        self.containerID = containerID
        maxFrameSize = peer.maxFrameSize
        idleTimeout = Milliseconds(peer.idleTimeoutMilliseconds)
        capabilities = peer.capabilities
        properties = peer.properties.map { Property(key: $0.key, value: $0.value) }
    }
}

extension PeerDescription.Link {
    init(_ target: TargetDescription, maxMessageSize: UInt64) {
        address = target.address
        capabilities = target.capabilities
        self.maxMessageSize = maxMessageSize
        credit = 0
    }
}
