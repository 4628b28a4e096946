// The connection, session and links that live now.
// SPDX-License-Identifier: Apache-2.0

internal import LinkRecovery
internal import Proton

/// Does to proton's objects what the machines ask for.
///
/// A call that fails because its connection, session or link has just gone changes nothing: the
/// loss itself is reported in a moment. Any other failure ends the connection, so that what was
/// meant to happen is not waited for.
///
/// Isolation: the container's loop.
final class Wire {
    /// Far more than a peer has to tell a sender; without a limit, one frame could fill the memory.
    private static let frameSizeMax: UInt32 = 65_536

    var container: Container?
    private let options: SendingOptions
    private let isTraced: Bool
    private var connection: Connection?
    private var session: Session?
    /// The link that is sent on, or asked for.
    private var link: LinkID?
    private var sender: Sender?
    /// Links that are gone and kept for their late outcomes, or given up and awaiting a detach.
    private var formerSenders: [LinkID: Sender] = [:]
    private var failedConnect: (ConnectionID, Condition)?
    /// Why the connection was ended here: proton would only say that it was aborted.
    private var failure: Condition?

    init(options: SendingOptions, isTraced: Bool) {
        self.options = options
        self.isTraced = isTraced
    }

    /// Bytes that were sent and have not left the session yet.
    var outgoingBytes: Int { session?.outgoingBytes ?? 0 }

    /// The credit of the link that is sent on, as proton has it.
    var credit: (LinkID, Int, isDraining: Bool)? {
        guard let link, let sender else { return nil }
        let (credit, isDraining) = sender.credit()
        return (link, credit, isDraining)
    }

    // MARK: Connection

    func connect(_ id: ConnectionID, endpoint index: Int) {
        forgetConnection()
        let endpoint = options.endpoints[index]
        var connectionOptions = ConnectionOptions(host: endpoint.host, port: endpoint.port)
        connectionOptions.user = endpoint.user
        connectionOptions.password = endpoint.password
        connectionOptions.isInsecureAuthenticationAllowed =
            options.isInsecureAuthenticationAllowed || endpoint.isOnThisMachine
        connectionOptions.saslMechanisms = options.saslMechanisms(for: endpoint)
        connectionOptions.virtualHost = options.virtualHost
        connectionOptions.tls = endpoint.isTLS ? options.tls : nil
        connectionOptions.isTraced = isTraced
        connectionOptions.idleTimeoutMilliseconds = UInt32(clamping: options.idleTimeout)
        connectionOptions.maxFrameSize = Self.frameSizeMax
        do {
            connection = try container?.connect(id.number, connectionOptions)
        } catch {
            failedConnect = (id, Condition(description: "\(error)"))
        }
    }

    /// What the peer's open says; nil when it is gone already.
    func describePeer(containerID: String) -> PeerDescription? {
        guard let peer = try? connection?.describePeer() else { return nil }
        return PeerDescription(containerID: containerID, peer)
    }

    /// What the peer's attach says; nil for a link that is not sent on.
    func describeLink(_ id: LinkID, maxMessageSize: UInt64) -> PeerDescription.Link? {
        guard id == link, let target = try? sender?.describeTarget() else { return nil }
        return PeerDescription.Link(target, maxMessageSize: maxMessageSize)
    }

    func takeFailedConnect() -> (ConnectionID, Condition)? {
        defer { failedConnect = nil }
        return failedConnect
    }

    func takeFailure() -> Condition? {
        defer { failure = nil }
        return failure
    }

    func closeConnection() {
        attempt { () throws(ProtonError) in try connection?.close() }
    }

    func abortConnection() {
        // Nothing is left to do when this fails: the machines do not wait for long.
        try? connection?.abort()
    }

    private func forgetConnection() {
        dropSession()
        connection = nil
    }

    // MARK: Session

    func openSession(_ id: SessionID) {
        dropSession()
        attempt { () throws(ProtonError) in session = try connection?.openSession(id.number) }
    }

    func dropSession() {
        sender = nil
        link = nil
        formerSenders.removeAll()
        session = nil
    }

    // MARK: Link

    func openLink(_ id: LinkID) {
        retireSender()
        var senderOptions = SenderOptions(
            name: "\(container?.id ?? "")-\(id.number)", address: options.address)
        senderOptions.targetDurability = Durability(options.targetDurability)
        senderOptions.capabilities = options.capabilities
        senderOptions.isPreSettled = options.recovery.isPreSettled
        attempt { () throws(ProtonError) in
            sender = try session?.openSender(id.number, senderOptions)
            link = id
        }
    }

    func closeLink(_ id: LinkID) {
        guard id == link else { return }
        attempt { () throws(ProtonError) in try sender?.close() }
    }

    func dropLink(_ id: LinkID) {
        formerSenders[id] = nil
        guard id == link else { return }
        link = nil
        sender = nil
    }

    private func retireSender() {
        guard let link, let sender else { return }
        formerSenders[link] = sender
        self.link = nil
        self.sender = nil
    }

    func send(_ bytes: UnsafeRawBufferPointer, tag: Tag) {
        attempt { () throws(ProtonError) in try sender?.send(bytes, tag: tag.number) }
    }

    func returnCredit() {
        attempt { () throws(ProtonError) in try sender?.returnCredit() }
    }

    // MARK: Loop

    func wake(at time: Instant) {
        attempt { () throws(ProtonError) in try container?.wake(at: time.milliseconds) }
    }

    func stop() {
        forgetConnection()
        try? container?.stop()
    }

    private func attempt(_ call: () throws(ProtonError) -> Void) {
        do {
            try call()
        } catch {
            guard error.code != .notConnected else { return }
            failure = failure ?? Condition(description: "\(error)")
            abortConnection()
        }
    }
}

extension Durability {
    init(_ durability: TargetDurability) {
        switch durability {
        case .none: self = .none
        case .configuration: self = .configuration
        case .unsettledState: self = .unsettledState
        }
    }
}
