// Descriptions of peers and targets, from the shim.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
internal import CShim

/// Gathers the details that the shim's visitor is called with.
private struct Details {
    var address: String?
    var capabilities: [String] = []
    var properties: [PeerDescription.Property] = []

    /// Lends a call of the shim a context for details; returns what it has gathered.
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
    /// Describes the peer by its open.
    ///
    /// - Throws: ``ProtonError/Code/invalidState`` before the open has come, and
    ///   ``ProtonError/Code/notConnected`` if the connection is lost.
    public func describePeer(containerID: String) throws(ProtonError) -> PeerDescription {
        var limits = cshim_peer_limits_t()
        let details = try Details.gathered { context throws(ProtonError) in
            try check("describe the peer") {
                cshim_connection_describe_peer(handle, gatherDetail, context, &limits, $0)
            }
        }
        var peer = PeerDescription(containerID: containerID)
        peer.maxFrameSize = limits.max_frame_size_bytes
        peer.idleTimeoutMilliseconds = limits.idle_timeout_ms
        peer.capabilities = details.capabilities
        peer.properties = details.properties
        return peer
    }
}

extension Sender {
    /// Describes the link by the peer's attach.
    ///
    /// - Throws: ``ProtonError/Code/invalidState`` before the attach has come, and
    ///   ``ProtonError/Code/notConnected`` if the link is lost.
    public func describeLink(maxMessageSize: UInt64) throws(ProtonError) -> PeerDescription.Link {
        let details = try Details.gathered { context throws(ProtonError) in
            try check("describe the target") {
                cshim_sender_describe_target(handle, gatherDetail, context, $0)
            }
        }
        return PeerDescription.Link(
            address: details.address, capabilities: details.capabilities,
            maxMessageSize: maxMessageSize)
    }
}
