// Drives proton: the connection, sessions and links that live now.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import LinkRecovery
internal import Proton

/// Does to proton's objects what the machines ask for.
///
/// A call that fails because its connection, session or link has just gone changes nothing: the
/// loss itself is reported in a moment. Any other failure ends the connection, so that what was
/// meant to happen is not waited for.
///
/// - Isolation: the container's loop.
struct ProtonDriver {
    /// Far more than a peer has to tell a sender; without a limit, one frame could fill the memory.
    private static let frameSizeMax: UInt32 = 65_536

    /// An attempt that no peer has answered.
    fileprivate struct Dialing {
        var id: ConnectionID
        /// Its index.
        var endpoint: Int
        /// The address that is tried was silent for too long.
        var isLeaving = false
    }

    var container: Container?
    /// By sender.
    private(set) var destinations: [Destination] = []
    private let options: SendingOptions
    private let secrets: ((_ endpoint: Int) -> Result<Secrets, UnusableFile>)?
    private let isTraced: Bool
    /// By endpoint.
    private var trials: [AddressTrials]
    /// Replaced as a whole: nothing of one attempt gets into the next.
    var current = Attempt()

    /// One attempt to connect, and the connection that it leads to.
    struct Attempt {
        /// The attempt while no peer has answered it.
        fileprivate var dialing: Dialing?
        /// Its id, when its look-up has just begun.
        fileprivate var begunLookUp: ConnectionID?
        fileprivate var failedConnect: (ConnectionID, ErrorCondition)?
        fileprivate var login: Login?
        fileprivate var connection: Connection?
        /// Why the connection was ended here: proton would only say that it was aborted.
        fileprivate var failure: ErrorCondition?
        fileprivate(set) var sessions: [SessionID: Session] = [:]
        /// By sender, the link that is sent on, or asked for.
        fileprivate(set) var links: [Link?] = []
        /// Links that are gone and kept for their late outcomes, or given up and awaiting a detach.
        fileprivate var formerLinks: [LinkID: Link] = [:]
        /// Links that the peer's limits forbid, and what is to be reported of them.
        fileprivate var refusedLinks: [(LinkID, LinkEvent)] = []
        /// Messages that are sent piece by piece.
        var pieces = PieceQueue()
        /// Links whose credit is returned when their pieces have been sent.
        fileprivate(set) var dueReturns: Set<LinkID> = []
    }

    struct Link {
        let id: LinkID
        let session: SessionID
        let sender: Sender
    }

    init(
        options: SendingOptions, secrets: ((_ endpoint: Int) -> Result<Secrets, UnusableFile>)?,
        isTraced: Bool
    ) {
        self.options = options
        self.secrets = secrets
        self.isTraced = isTraced
        let trials = AddressTrials(openTimeout: options.recovery.openTimeout)
        self.trials = Array(repeating: trials, count: options.endpoints.count)
    }

    mutating func addSender(_ id: SenderID, to destination: Destination) {
        if id.index < destinations.count {
            destinations[id.index] = destination
        } else {
            destinations.append(destination)
        }
    }

    /// Bytes that were sent and have not left the session yet.
    func outgoingBytes(on session: SessionID) -> Int {
        guard let outgoing = current.sessions[session]?.outgoingBytes else { return 0 }
        return outgoing + current.pieces.byteCount(on: session)
    }

    /// Whether the peer has answered the begin of the session, if there is one.
    func isAnswered(_ session: SessionID) -> Bool {
        current.sessions[session]?.isAnswered ?? true
    }

    /// The credit of the link of a sender: what proton has, but for messages whose last piece is still to be
    /// sent.
    func credit(of sender: Int) -> (LinkID, Int, isDraining: Bool)? {
        guard sender < current.links.count, let link = current.links[sender] else { return nil }
        let (credit, isDraining) = link.sender.credit()
        let spoken = current.pieces.isEmpty ? 0 : current.pieces.count(on: link.id)
        return (link.id, max(0, credit - spoken), isDraining)
    }

    /// Number of senders that have, or had, a link on this connection.
    var senderCount: Int { current.links.count }

    func link(_ id: LinkID) -> Link? {
        let index = id.sender.index
        guard index < current.links.count, let link = current.links[index], link.id == id else {
            return nil
        }
        return link
    }

    // MARK: Connection

    /// Begins an attempt: its host is looked up, then its addresses are tried.
    mutating func connect(_ id: ConnectionID, endpoint: Int, now: Instant) {
        forgetConnection()
        current.dialing = Dialing(id: id, endpoint: endpoint)
        trials[endpoint].begin(now: now)
        do {
            try container?.lookUp(id, host: options.endpoints[endpoint].host)
            current.begunLookUp = id
        } catch {
            current.failedConnect = (id, ErrorCondition(description: "\(error)"))
        }
    }

    mutating func takeBegunLookUp() -> ConnectionID? {
        defer { current.begunLookUp = nil }
        return current.begunLookUp
    }

    /// Whether this attempt waits for addresses.
    func isLookingUp(_ id: ConnectionID) -> Bool {
        current.dialing?.id == id && current.connection == nil
    }

    /// Tries the first address of the attempt that waits for them.
    mutating func lookedUp(_ addresses: [String], failure: String, now: Instant) {
        guard let dialing = current.dialing else { return }
        guard let address = trials[dialing.endpoint].found(addresses, now: now) else {
            let words = "its name can't be looked up: \(failure)"
            current.failedConnect = (
                dialing.id, ErrorCondition(name: ConditionName.lookUpFailed, description: words)
            )
            return
        }
        connect(dialing, to: address)
    }

    /// When the address that is tried has been silent for too long.
    private var addressDeadline: Instant {
        current.dialing.map { trials[$0.endpoint].deadline } ?? .distantFuture
    }

    /// Leaves an address that was silent for its share; its loss follows.
    mutating func leaveSilentAddress(now: Instant) {
        guard let dialing = current.dialing, trials[dialing.endpoint].isSilent(now: now) else {
            return
        }
        current.dialing?.isLeaving = true
        try? current.connection?.abort()
    }

    /// Takes the loss of a connection; says whether another address is tried in its place.
    mutating func takesLoss(for condition: ErrorCondition, now: Instant) -> Bool {
        guard let dialing = current.dialing else { return false }
        // A peer that answered has decided the attempt: no other address is tried.
        guard dialing.isLeaving || condition.name == ConditionName.socketError else {
            endDialing(hasFailed: true)
            return false
        }
        guard let address = trials[dialing.endpoint].failed(now: now) else {
            endDialing()
            return false
        }
        connect(dialing, to: address)
        return true
    }

    /// The peer of an address has opened.
    mutating func opened() {
        endDialing()
    }

    private mutating func endDialing(hasFailed: Bool = false) {
        guard let dialing = current.dialing else { return }
        trials[dialing.endpoint].end(hasFailed: hasFailed)
        current.dialing = nil
        current.login = nil
    }

    private mutating func connect(_ dialing: Dialing, to address: String) {
        current.connection = nil
        current.dialing?.isLeaving = false
        let endpoint = options.endpoints[dialing.endpoint]
        var connectionOptions = ConnectionOptions(host: endpoint.host, port: endpoint.port)
        connectionOptions.address = address
        let secrets: Secrets
        switch self.secrets?(dialing.endpoint) {
        case nil: secrets = Secrets()
        case .success(let now): secrets = now
        case .failure(let reason):
            current.failedConnect = (
                dialing.id,
                ErrorCondition(
                    name: ConditionName.unusableFile, description: reason.sentence)
            )
            return
        }
        current.login = Login(endpoint, secrets, options)
        connectionOptions.virtualHost = options.virtualHost
        connectionOptions.tls = endpoint.isTLS ? options.tls : nil
        if let password = secrets.keyPassword { connectionOptions.tls?.keyPassword = password }
        connectionOptions.isTraced = isTraced
        connectionOptions.idleTimeoutMilliseconds = UInt32(clamping: options.idleTimeout)
        connectionOptions.maxFrameSize = Self.frameSizeMax
        do {
            current.connection = try container?.connect(dialing.id, connectionOptions)
        } catch {
            current.failedConnect = (dialing.id, ErrorCondition(description: "\(error)"))
        }
    }

    /// Answers a step of the login.
    mutating func answer(_ step: LoginStep, on id: ConnectionID) -> LoginAnswer {
        guard current.dialing?.id == id else { return .none }
        return current.login?.answer(step) ?? .none
    }

    /// Returns the peer's open; nil when it is gone already.
    func describePeer(containerID: String) -> PeerDescription? {
        try? current.connection?.describePeer(containerID: containerID)
    }

    /// Returns the peer's attach; nil for a link that is not sent on.
    func describeLink(_ id: LinkID, maxMessageSize: UInt64) -> PeerDescription.Link? {
        try? link(id)?.sender.describeLink(maxMessageSize: maxMessageSize)
    }

    mutating func takeFailedConnect() -> (ConnectionID, ErrorCondition)? {
        guard let failedConnect = current.failedConnect else { return nil }
        current.failedConnect = nil
        endDialing(hasFailed: true)
        return failedConnect
    }

    mutating func takeFailure() -> ErrorCondition? {
        defer { current.failure = nil }
        return current.failure
    }

    mutating func closeConnection() {
        attempt { driver throws(ProtonError) in try driver.current.connection?.close() }
    }

    mutating func abortConnection() {
        if let dialing = current.dialing, current.connection == nil {
            current.failedConnect = (dialing.id, takeFailure() ?? .none)
        }
        endDialing(hasFailed: true)
        // Nothing is left to do when this fails: the machines do not wait for long.
        try? current.connection?.abort()
    }

    private mutating func forgetConnection() {
        endDialing()
        current = Attempt()
    }

    // MARK: Sessions

    mutating func openSession(_ id: SessionID) {
        attempt { driver throws(ProtonError) in
            driver.current.sessions[id] = try driver.current.connection?.openSession(id)
        }
    }

    mutating func freeSession(_ id: SessionID) {
        for (index, link) in current.links.enumerated() where link?.session == id {
            current.links[index] = nil
            if let link { current.dueReturns.remove(link.id) }
        }
        current.formerLinks = current.formerLinks.filter { $0.value.session != id }
        current.sessions[id] = nil
    }

    // MARK: Links

    mutating func openLink(_ id: LinkID, on session: SessionID) {
        let index = id.sender.index
        let destination = destinations[index]
        while current.links.count <= index { current.links.append(nil) }
        if let former = current.links[index] { current.formerLinks[former.id] = former }
        current.links[index] = nil
        let name = "\(container?.id ?? "")-\(index)-\(id.attach)"
        attempt { driver throws(ProtonError) in
            do throws(ProtonError) {
                let sender = try driver.current.sessions[session]?.openSender(
                    id, name: name, to: destination)
                driver.current.links[index] = sender.map {
                    Link(id: id, session: session, sender: $0)
                }
            } catch {
                guard let refusal = Self.refusal(error) else { throw error }
                driver.current.refusedLinks.append((id, refusal))
            }
        }
    }

    /// A refusal known before the attach is sent: the session has no handle left for it, the peer's frames are too
    /// small, or there is no such address.
    private static func refusal(_ error: ProtonError) -> LinkEvent? {
        func condition(_ name: String) -> ErrorCondition {
            ErrorCondition(name: name, description: error.detail)
        }
        switch error.code {
        case .limitReached: return .handlesUsedUp(condition(ConditionName.resourceLimitExceeded))
        case .invalidArgument: return .detached(condition(ConditionName.invalidField))
        case .frameTooLarge: return .detached(condition(ConditionName.frameSizeTooSmall))
        default: return nil
        }
    }

    mutating func takeRefusedLinks() -> [(LinkID, LinkEvent)] {
        defer { current.refusedLinks.removeAll() }
        return current.refusedLinks
    }

    mutating func closeLink(_ id: LinkID) {
        // A message that was not sent whole is in doubt, and sent again elsewhere.
        dropTransfers(on: id)
        attempt { driver throws(ProtonError) in try driver.link(id)?.sender.close() }
    }

    /// The link is gone, or going: nothing more is sent on it.
    mutating func dropTransfers(on id: LinkID) {
        current.pieces.removeAll { $0.link == id }
        current.dueReturns.remove(id)
    }

    mutating func freeLink(_ id: LinkID) {
        current.formerLinks[id] = nil
        current.dueReturns.remove(id)
        if link(id) != nil { current.links[id.sender.index] = nil }
    }

    mutating func send(_ bytes: UnsafeRawBufferPointer, tag: DeliveryTag, on id: LinkID) {
        attempt { driver throws(ProtonError) in try driver.link(id)?.sender.send(bytes, tag: tag) }
    }

    mutating func returnCredit(on id: LinkID) {
        guard current.pieces.isEmpty || current.pieces.count(on: id) == 0 else {
            current.dueReturns.insert(id)
            return
        }
        current.dueReturns.remove(id)
        attempt { driver throws(ProtonError) in try driver.link(id)?.sender.returnCredit() }
    }

    // MARK: Loop

    mutating func wake(at time: Instant, now: Instant) {
        let nextLook =
            current.pieces.isEmpty ? Instant.distantFuture : now + PieceQueue.lookInterval
        let time = min(time, addressDeadline, nextLook)
        // Not before it: the wake-up would find nothing due.
        let (microseconds, isFar) = time.microseconds.addingReportingOverflow(999)
        let milliseconds = isFar ? .max : microseconds / 1000
        attempt { driver throws(ProtonError) in try driver.container?.wake(at: milliseconds) }
    }

    mutating func stop() {
        forgetConnection()
        try? container?.stop()
    }

    mutating func attempt(_ call: (inout ProtonDriver) throws(ProtonError) -> Void) {
        do {
            try call(&self)
        } catch {
            guard error.code != .notConnected else { return }
            current.failure = current.failure ?? ErrorCondition(description: "\(error)")
            abortConnection()
        }
    }
}
