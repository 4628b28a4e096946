// A run: from the first connect to the closing account.
// SPDX-License-Identifier: Apache-2.0

public import LinkRecovery
public import Proton

/// How a run ended, and the account.
public struct SendingResult: Sendable, Hashable {
    /// Why it ended.
    public var end: End
    /// What became of the messages of all senders.
    public var summary: Summary
    /// What became of those of each sender.
    public var summaries: [Summary] = []
    /// The last peer that has opened; nil when none has.
    public var peer: PeerDescription?
}

/// Where a sender sends to, and where its messages come from.
public struct SenderRoute {
    /// The target.
    public var destination: Destination
    /// Several senders may share a source: each message is taken by one of them.
    public var source: any MessageSource

    /// Makes a route.
    public init(to destination: Destination, from source: any MessageSource) {
        self.destination = destination
        self.source = source
    }
}

/// Sends the messages of sources until all are final; or, as a service, those of senders that come and go.
///
/// Isolation: the thread that calls `run`; only `stopHandle` is for others.
public final class SendingEngine {
    /// For other threads.
    public let stopHandle: StopHandle

    private let options: SendingOptions
    private let routes: [SenderRoute]
    /// Of a service: told of each sender that was asked for.
    private let senderAdded: ((SenderID, QueuedMessages) -> Void)?
    private let observer: any SendingObserver
    private let statusBoard: StatusBoard?
    private let passwords: ((_ endpoint: Int) -> Passwords)?
    private let onFrame: ((String) -> Void)?

    /// Makes an engine with a sender for each route, in this order; nothing happens before `run`.
    ///
    /// `passwords` is asked on the container's loop before each attempt to connect, for the endpoint
    /// with this index. It must not wait for anybody.
    ///
    /// `onFrame` is called on the container's loop with each frame of a connection as a line,
    /// without what SASL proves a user by. It must not block.
    public init(
        options: SendingOptions, routes: [SenderRoute], observer: any SendingObserver,
        statusBoard: StatusBoard? = nil, passwords: ((_ endpoint: Int) -> Passwords)? = nil,
        onFrame: ((String) -> Void)? = nil
    ) {
        self.passwords = passwords
        self.onFrame = onFrame
        self.options = options
        self.routes = routes
        senderAdded = nil
        self.observer = observer
        self.statusBoard = statusBoard
        stopHandle = StopHandle(mailbox: Mailbox())
    }

    /// Makes the engine of a connection whose senders come and go.
    init(service options: SendingOptions, hub: ConnectionHub, mailbox: Mailbox) {
        self.options = options
        routes = []
        senderAdded = hub.attach
        observer = hub
        statusBoard = hub.board
        passwords = nil
        onFrame = nil
        stopHandle = StopHandle(mailbox: mailbox)
    }

    /// Sends, recovers and sends again until the end.
    ///
    /// Blocks. At most once.
    ///
    /// - Throws: When proton can't be started; nothing was sent.
    public func run() throws(ProtonError) -> SendingResult {
        let identity = UInt64.random(in: .min ... .max)
        let handler = SendingHandler(
            options: options, routes: routes, senderAdded: senderAdded, observer: observer,
            statusBoard: statusBoard, mailbox: stopHandle.mailbox, seed: identity,
            passwords: passwords, onFrame: onFrame)
        let container = try Container(
            id: "sender-" + String(identity, radix: 16), handler: handler)
        stopHandle.mailbox.connect(to: container.waker)
        return try handler.run(container)
    }
}

/// The proton library below.
public var protonLibrary: ProtonLibrary { Container.protonLibrary }

/// The arguments of the process, its own name first.
public var processArguments: [String] { Container.processArguments }
