// A connection, as a service of a program.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
public import LinkRecovery
internal import Proton
internal import Synchronization

/// A connection to the first endpoint that serves, kept up and made again until it is closed, and the senders
/// that share it.
///
/// <doc:FirstMessage> shows how it is used. It owns its thread, sockets and memory, and frees them when
/// ``run()`` has returned. While it runs, nothing else need refer to it; one that is given up without a run is
/// closed.
///
/// - Isolation: any thread, for all that it has.
public final class SenderConnection: Sendable {
    private struct State {
        var hasRun = false
        var result: Result<SendingResult, SenderError>?
        /// Tasks that wait for the end.
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let options: SendingOptions
    private let hub = ConnectionHub()
    private let stopHandle = StopHandle(mailbox: Mailbox())
    private let state = Mutex(State())

    /// Makes a connection to the first of these endpoints that serves, at least one; nothing happens before
    /// ``run()``.
    ///
    /// `configure` changes the defaults, which differ from ``RecoveryOptions`` in one: a failed connection is replaced.
    public init(
        to endpoints: [Endpoint], configure: (inout SendingOptions) -> Void = { _ in }
    ) {
        var options = SendingOptions(endpoints: endpoints)
        options.recovery.mayReconnect = true
        configure(&options)
        self.options = options
    }

    deinit {
        // It can't be run any more.
        hub.end(for: .closed)
    }

    /// Keeps the connection up until ``close(within:)``.
    ///
    /// Cancelling the task closes it as well, within ``RecoveryOptions/drainTimeout``. A connection runs once.
    ///
    /// - Isolation: suspends. The container has a thread of its own; none of the cooperative pool is held.
    /// - Throws: ``SenderError`` when the connection ended for another reason.
    public func run() async throws {
        let isFirst = state.withLock { state in
            defer { state.hasRun = true }
            return !state.hasRun
        }
        guard isFirst else {
            throw SenderError(code: .unavailable, description: "a connection runs only once")
        }
        guard !options.endpoints.isEmpty else {
            end(with: .failure(.withoutEndpoint))
            throw SenderError.withoutEndpoint
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in start { continuation.resume() } }
        } onCancel: {
            stopHandle.stop()
        }
        let result = state.withLock { $0.result }
        switch try result?.get().end {
        case .finished, .stopped, nil: return
        case let end?: throw SenderError(end)
        }
    }

    private func start(_ finished: @escaping @Sendable () -> Void) {
        let (options, hub, mailbox) = (options, hub, stopHandle.mailbox)
        do {
            try startThread { [self] in
                let engine = SendingEngine(service: options, hub: hub, mailbox: mailbox)
                do {
                    end(with: .success(try engine.run()))
                } catch {
                    end(with: .failure(SenderError(code: .unavailable, description: "\(error)")))
                }
                finished()
            }
        } catch {
            end(with: .failure(SenderError(code: .unavailable, description: "\(error)")))
            finished()
        }
    }

    private func end(with result: Result<SendingResult, SenderError>) {
        let closers = state.withLock { state in
            state.result = result
            defer { state.closers.removeAll() }
            return state.closers
        }
        let error: SenderError =
            switch result {
            case .success(let result): SenderError(result.end)
            case .failure(let error): error
            }
        hub.end(for: error)
        for closer in closers { closer.resume() }
    }

    /// Makes a sender to an address, which attaches as soon as the connection is there.
    ///
    /// Each has a link, a window and an account of its own; ``close(within:)`` returns the sum of the accounts. The
    /// connection keeps it until it is closed or refused for good, or nothing refers to it any more.
    ///
    /// - Isolation: any thread; does not wait for the peer.
    /// - Throws: ``SenderError``: ``SenderError/Code/invalidAddress`` for an address that is empty or holds a
    ///   control character, ``SenderError/Code/closed`` after a close, else the reason for which the connection has
    ///   ended.
    public func sender(to address: String) async throws -> MessageSender {
        try await sender(to: Destination(address: address))
    }

    /// Makes a sender to a destination with durability and capabilities of its own, at this pace.
    ///
    /// - Isolation: any thread; does not wait for the peer.
    /// - Throws: ``SenderError``: ``SenderError/Code/invalidAddress`` for an address that is empty or holds a
    ///   control character, ``SenderError/Code/closed`` after a close, else the reason for which the connection has
    ///   ended.
    public func sender(
        to destination: Destination, pace: SendPace = .flatOut
    ) async throws -> MessageSender {
        if let error = SenderError.ofAddress(destination.address) { throw error }
        let messages = QueuedMessages(to: destination.address)
        try hub.register(messages)
        stopHandle.mailbox.add(
            Mailbox.WantedSender(destination: destination, pace: pace, messages: messages))
        return MessageSender(to: destination, messages: messages, mailbox: stopHandle.mailbox)
    }

    /// The events from now on, up to the end of the connection, without those of each message.
    ///
    /// Each use is a stream of its own, which holds 256 events: one whose reader is slow drops the oldest.
    public var events: AsyncStream<Report> { hub.events.makeStream() }

    /// The address of a sender that an event names; nil when there was none by that id.
    ///
    /// A new sender may get the id of one that has ended: a reader that lags may ask too late.
    public func address(of sender: SenderID) -> String? { hub.messages(of: sender)?.address }

    /// Events dropped because readers were too slow, over all streams.
    public var droppedEventCount: Int { hub.events.droppedCount }

    /// The state of the connection as of the last turn of its loop; does not wait.
    public var status: Status { hub.board.status }

    /// Takes no further message, finishes what was sent within this time at most, closes the connection, and returns
    /// the account.
    ///
    /// Every ``MessageSender/send(_:)`` that waits then throws, and says whether its message may arrive. A
    /// close that comes again waits for the same end, and may shorten the time.
    ///
    /// - Isolation: any thread; suspends until ``run()`` has ended, and returns at once if it was never called.
    @discardableResult
    public func close(within limit: Duration = .seconds(5)) async -> Summary {
        // A run that begins later ends at once.
        stopHandle.mailbox.requestStop(within: limit.milliseconds)
        guard state.withLock({ $0.hasRun }) else {
            hub.end(for: .closed)
            return Summary()
        }
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if state.result == nil { state.closers.append(continuation) }
                return state.result != nil
            }
            if hasEnded { continuation.resume() }
        }
        return state.withLock { try? $0.result?.get().summary } ?? Summary()
    }
}

extension Duration {
    /// The same as milliseconds, as far as they can be told.
    fileprivate var milliseconds: Milliseconds {
        Milliseconds(min(max(self / .milliseconds(1), 0), 1e15))
    }
}

/// Gives a connection's loop the senders that tasks have asked for.
final class ServiceSenders: SenderSupply {
    private let hub: ConnectionHub
    private let mailbox: Mailbox

    init(hub: ConnectionHub, mailbox: Mailbox) {
        self.hub = hub
        self.mailbox = mailbox
    }

    func nextRoute(for sender: SenderID) -> SenderRoute? {
        guard let wanted = mailbox.takeSender() else { return nil }
        hub.attach(sender, wanted.messages)
        return SenderRoute(to: wanted.destination, from: wanted.messages, pace: wanted.pace)
    }
}

/// Passes a loop's reports on to the tasks of a program.
///
/// - Isolation: any thread; as an observer, the container's loop.
final class ConnectionHub: SendingObserver, Sendable {
    private struct State {
        /// Those that have not ended.
        var senders: [ObjectIdentifier: QueuedMessages] = [:]
        var end: SenderError?
    }

    let events = EventStreams()
    let board = StatusBoard()
    /// By sender.
    private let attached = Mutex<[QueuedMessages]>([])
    private let state = Mutex(State())

    func register(_ messages: QueuedMessages) throws(SenderError) {
        let end = state.withLock { state in
            if state.end == nil { state.senders[ObjectIdentifier(messages)] = messages }
            return state.end
        }
        if let end { throw end }
    }

    /// The loop has taken a sender on, in a place that may have been another's.
    func attach(_ id: SenderID, _ messages: QueuedMessages) {
        attached.withLock { attached in
            if id.index < attached.count {
                attached[id.index] = messages
            } else {
                attached.append(messages)
            }
        }
    }

    private func end(_ id: SenderID, for reason: SenderError) {
        guard let messages = messages(of: id) else { return }
        messages.end(for: reason)
        state.withLock { $0.senders[ObjectIdentifier(messages)] = nil }
    }

    func end(for reason: SenderError) {
        let senders = state.withLock { state in
            state.end = state.end ?? reason
            defer { state.senders.removeAll() }
            return Array(state.senders.values)
        }
        for messages in senders { messages.end(for: reason) }
        events.finish()
    }

    func observe(_ report: Report) {
        guard case .link(let sender, let link) = report else { return events.yield(report) }
        switch link {
        case .outcome(let outcome):
            guard case .final(let final) = outcome.kind else { return }
            messages(of: sender)?.settle(outcome.sequences, as: final)
        case .unresolved(let inDoubt): messages(of: sender)?.noteInDoubt(inDoubt)
        case .ended(let end):
            self.end(sender, for: end == .finished ? .closed : SenderError(end))
            events.yield(report)
        case .sent, .sendable: break
        case .opened, .lost, .reopening, .restored, .notice, .givenUp: events.yield(report)
        }
    }

    func messages(of sender: SenderID) -> QueuedMessages? {
        attached.withLock { $0.indices.contains(sender.index) ? $0[sender.index] : nil }
    }

    func willIdle() {
        let senders = attached.withLock { $0 }
        for messages in senders { messages.endTurn() }
    }

    var isHoldingUp: Bool { false }
}
