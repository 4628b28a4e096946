// Carries out what the state machines decide, on proton, sources and observer.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import LinkRecovery
internal import Proton

/// Gives what the state machines want to whom it concerns.
///
/// - Isolation: the container's loop.
struct RunContext: RecoveryContext {
    var driver: ProtonDriver
    /// By sender.
    private(set) var sources: [any MessageSource] = []
    let observer: any SendingObserver
    /// The bytes of the message that is being taken; nil while none is.
    private var lent: UnsafeRawBufferPointer?
    /// The time of the event at hand.
    var now = Instant(milliseconds: 0)
    /// The end of the run; nil while it goes on.
    private(set) var end: End?

    init(driver: ProtonDriver, observer: any SendingObserver) {
        self.driver = driver
        self.observer = observer
    }

    /// Gives a sender its destination and source; its place may have been another's.
    mutating func addSender(
        _ id: SenderID, to destination: Destination, source: any MessageSource
    ) {
        driver.addSender(id, to: destination)
        if id.index < sources.count {
            sources[id.index] = source
        } else {
            sources.append(source)
        }
    }

    func outgoingBytes(on session: SessionID) -> Int { driver.outgoingBytes(on: session) }

    func isAnswered(_ session: SessionID) -> Bool { driver.isAnswered(session) }

    func credit(of link: LinkID) -> Int { driver.credit(of: link.sender.index)?.1 ?? 0 }

    mutating func send(sequence: UInt64, size: Int, tag: DeliveryTag, on link: LinkID) {
        // Asked first for nearly all: a method of the driver would have a copy of it made.
        let mayQueue = size > PieceQueue.pieceSize || !driver.current.pieces.isEmpty
        if mayQueue, driver.queues(size: size, on: link) {
            return driver.queue(sequence: sequence, size: size, tag: tag, on: link)
        }
        if let lent { return driver.send(lent, tag: tag, on: link) }
        sources[link.sender.index].withEncoded(sequence: sequence) {
            driver.send($0, tag: tag, on: link)
        }
    }

    /// Sends more of the messages that are sent in pieces, as far as what was sent before has left.
    mutating func sendPieces() {
        while let transfer = driver.nextTransfer() {
            sources[transfer.link.sender.index].withPiece(
                of: transfer.sequence, from: transfer.sentBytes
            ) { driver.send($0, of: transfer) }
        }
    }

    mutating func free(_ sequences: [UInt64], of sender: SenderID) {
        driver.abortTransfers(of: sequences, by: sender)
        sources[sender.index].free(sequences)
    }

    mutating func offerMessages(
        to sender: SenderID, while hasRoom: (_ size: Int) -> Bool,
        _ take: (inout RunContext, _ sequence: UInt64, _ size: Int) -> Void
    ) {
        let source = sources[sender.index]
        while true {
            source.offer(while: hasRoom) { sequence, encoded in
                lent = encoded
                take(&self, sequence, encoded.count)
                lent = nil
            }
            // A large one is not made whole to be offered.
            guard let next = source.next, next.size > PieceQueue.pieceSize, hasRoom(next.size)
            else { return }
            source.take()
            take(&self, next.sequence, next.size)
        }
    }

    func report(_ report: LinkReport, of sender: SenderID) {
        if case .ended = report { sources[sender.index].senderEnded() }
        observer.observe(.link(sender, report))
    }

    mutating func perform(_ action: Action) {
        switch action {
        case .send, .free: assertionFailure("what is done for each message is no action here")
        case .report(let report): observer.observe(report)
        case .connect(let id, let endpoint): driver.connect(id, endpoint: endpoint, now: now)
        case .closeConnection: driver.closeConnection()
        case .abortConnection: driver.abortConnection()
        case .openSession(let id): driver.openSession(id)
        case .freeSession(let id): driver.freeSession(id)
        case .openLink(let id, let session): driver.openLink(id, on: session)
        case .closeLink(let id): driver.closeLink(id)
        case .freeLink(let id): driver.freeLink(id)
        case .returnCredit(let id): driver.returnCredit(on: id)
        case .wake(let at): driver.wake(at: at, now: now)
        case .finish(let end):
            self.end = end
            driver.stop()
        }
    }
}
