// A run: from the first connect to the closing account.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
public import LinkRecovery
public import Proton

/// The end and the account of a run.
public struct SendingResult: Sendable, Hashable {
    /// Why it ended.
    public var end: End
    /// The account of the messages of all senders.
    public var summary: Summary
    /// The account of those of each sender.
    public var summaries: [Summary] = []
    /// The account of senders whose ids were given to others.
    public var formerSummary = Summary()
    /// Latencies of messages, and interruptions.
    public var timings = Timings()
    /// The last peer that has opened; nil when none has.
    public var peer: PeerDescription?
}

extension SendPace {
    /// As fast as credit and window allow.
    public static var flatOut: SendPace {
        var pace = SendPace()
        pace.interval = 0
        return pace
    }
}

/// The target of a sender, the source of its messages, and its pace.
public struct SenderRoute {
    /// The target.
    public var destination: Destination
    /// Several senders may share a source: each message is taken by one of them.
    public var source: any MessageSource
    /// The pace of new messages.
    public var pace: SendPace

    /// Makes a route.
    public init(
        to destination: Destination, from source: any MessageSource, pace: SendPace = .flatOut
    ) {
        self.destination = destination
        self.source = source
        self.pace = pace
    }
}

/// Asks for senders while a run goes on.
///
/// - Isolation: the container's loop; must not block.
public protocol SenderSupply: AnyObject {
    /// The route of the next sender that is wanted, which gets this id; nil: none is wanted now.
    ///
    /// The id may have been that of a sender that has ended.
    func nextRoute(for sender: SenderID) -> SenderRoute?
}

/// Sends the messages of sources until all are final.
///
/// The layer below a ``SenderConnection``, for a program that has its messages in one place and wants neither
/// a task nor a copy for each. It keeps its sources and observer alive.
///
/// - Isolation: the thread that calls ``run()``; only ``stopHandle`` is for others.
public final class SendingEngine {
    /// Stops or wakes the run from any thread.
    public let stopHandle: StopHandle

    private let options: SendingOptions
    private let routes: [SenderRoute]
    private let supply: (any SenderSupply)?
    /// The run goes on without senders.
    private let isService: Bool
    private let observer: any SendingObserver
    private let statusBoard: StatusBoard?
    private let secrets: ((_ endpoint: Int) -> Result<Secrets, UnusableFile>)?
    private let onFrame: ((String) -> Void)?

    /// Makes an engine with a sender for each route, in this order; nothing happens before ``run()``.
    ///
    /// `supply` is asked for more senders in each turn of the loop. The run ends when all have ended, and does not
    /// ask then.
    ///
    /// `secrets` is asked on the container's loop before each attempt to connect, for the endpoint
    /// with this index. It must not block.
    ///
    /// `onFrame` is called on the container's loop with each frame of a connection as a line,
    /// without what SASL proves a user by. It must not block.
    public init(
        options: SendingOptions, routes: [SenderRoute], supply: (any SenderSupply)? = nil,
        observer: any SendingObserver,
        statusBoard: StatusBoard? = nil,
        secrets: ((_ endpoint: Int) -> Result<Secrets, UnusableFile>)? = nil,
        onFrame: ((String) -> Void)? = nil
    ) {
        self.secrets = secrets
        self.onFrame = onFrame
        self.options = options
        self.routes = routes
        self.supply = supply
        isService = false
        self.observer = observer
        self.statusBoard = statusBoard
        stopHandle = StopHandle(mailbox: Mailbox())
    }

    /// Makes the engine of a connection whose senders come and go.
    init(service options: SendingOptions, hub: ConnectionHub, mailbox: Mailbox) {
        self.options = options
        routes = []
        supply = ServiceSenders(hub: hub, mailbox: mailbox)
        isService = true
        observer = hub
        statusBoard = hub.board
        secrets = nil
        onFrame = nil
        stopHandle = StopHandle(mailbox: mailbox)
    }

    /// Sends, recovers and sends again until all sources are at their end and all messages final, a stop was
    /// asked for, or no attempt is left.
    ///
    /// It may be called once. How it ended is in the result, not an error.
    ///
    /// - Isolation: blocks the thread, which is the container's loop until the end; not one of Swift's pool.
    /// - Throws: ``ProtonError`` when proton can't be started; nothing was sent.
    public func run() throws(ProtonError) -> SendingResult {
        let identity = UInt64.random(in: .min ... .max)
        let handler = SendingHandler(
            options: options, routes: routes, supply: supply, isService: isService,
            observer: observer, statusBoard: statusBoard, mailbox: stopHandle.mailbox,
            seed: identity, secrets: secrets, onFrame: onFrame)
        let container = try Container(
            id: "sender-" + String(identity, radix: 16), handler: handler)
        stopHandle.mailbox.connect(to: container.waker)
        return try handler.run(container)
    }
}

/// The proton library below.
public var protonLibrary: ProtonLibrary { Container.protonLibrary }

/// The arguments of the process, its own name first.
package var processArguments: [String] { Container.processArguments }
