// What a peer says of itself and of a target, as the shim gives it.
// SPDX-License-Identifier: Apache-2.0

internal import CShim

/// What the peer's open says (§2.7.1).
public struct PeerDescription: Sendable, Hashable {
    /// One of its properties, with its value as text.
    public struct Property: Sendable, Hashable {
        /// Name, such as `product`.
        public var key: String
        /// The peer's words: they may hold anything.
        public var value: String

        /// Makes a property.
        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// Largest frame that it takes.
    ///
    /// 0: no limit.
    /// - Units: bytes.
    public var maxFrameSize: UInt32 = 0
    /// A silence after which it gives up.
    ///
    /// 0: none.
    public var idleTimeoutMilliseconds: UInt32 = 0
    /// Capabilities that it offers.
    public var capabilities: [String] = []
    /// Its properties, in its order, as far as they are text, numbers or booleans.
    public var properties: [Property] = []
}

/// What the peer's attach says of the target (§3.5.4).
public struct TargetDescription: Sendable, Hashable {
    /// Its address; nil when there is none.
    public var address: String?
    /// Capabilities that it has.
    public var capabilities: [String] = []
}

/// Where details are gathered while the shim gives them.
private struct Details {
    var address: String?
    var capabilities: [String] = []
    var properties: [PeerDescription.Property] = []

    /// Lends a call of the shim a place for details, and gives what it has put there.
    static func gathered(
        _ call: (UnsafeMutableRawPointer) throws(ProtonError) -> Void
    ) throws(ProtonError) -> Details {
        var details = Details()
        try withUnsafeMutablePointer(to: &details) { pointer throws(ProtonError) in
            try call(pointer)
        }
        return details
    }
}

/// Takes one detail; the context is a pointer to `Details`.
private let gatherDetail: cshim_detail_visitor_t = { context, detail, key, value in
    guard let details = context?.assumingMemoryBound(to: Details.self) else { return }
    let value = text(value)
    switch detail {
    case .capability: details.pointee.capabilities.append(value)
    case .property: details.pointee.properties.append(.init(key: text(key), value: value))
    case .address: details.pointee.address = value
    }
}

extension Connection {
    /// Describes the peer, once its open has come.
    ///
    /// - Throws: ``ProtonError/Code/invalidState`` before that, and
    ///   ``ProtonError/Code/notConnected`` when the connection is lost.
    public func describePeer() throws(ProtonError) -> PeerDescription {
        var limits = cshim_peer_limits_t()
        let details = try Details.gathered { context throws(ProtonError) in
            try check("describe the peer") {
                cshim_connection_describe_peer(handle, gatherDetail, context, &limits, $0)
            }
        }
        return PeerDescription(
            maxFrameSize: limits.max_frame_size_bytes,
            idleTimeoutMilliseconds: limits.idle_timeout_ms, capabilities: details.capabilities,
            properties: details.properties)
    }
}

extension Sender {
    /// Describes the target, once the peer's attach has come.
    ///
    /// - Throws: ``ProtonError/Code/invalidState`` before that, and
    ///   ``ProtonError/Code/notConnected`` when the link is lost.
    public func describeTarget() throws(ProtonError) -> TargetDescription {
        let details = try Details.gathered { context throws(ProtonError) in
            try check("describe the target") {
                cshim_sender_describe_target(handle, gatherDetail, context, $0)
            }
        }
        return TargetDescription(address: details.address, capabilities: details.capabilities)
    }
}
