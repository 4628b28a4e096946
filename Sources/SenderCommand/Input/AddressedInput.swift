// One input whose lines name their addresses.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Gives each message of an input to the sender of its address, and asks for one where there is none.
///
/// The input is read in order. Messages for an address that takes nothing wait, up to a window of them for all
/// addresses; then what is behind them waits as well. When an address has ended for good and there is a message
/// for it, nothing more is taken from the input.
///
/// - Isolation: the container's loop.
final class AddressedInput: SenderSupply {
    /// Addresses besides that of the run that may have a sender at the same time.
    static let addressCountMax = 256

    /// Tells where a message of the input goes to.
    private let input: StandardInputSource
    /// The same messages, once they may be sent.
    private let source: any MessageSource
    /// Those of the messages that wait, of all addresses.
    private let bounds: InputBounds
    private let destination: Destination
    private let pace: SendPace
    private let senders: OnDemandSenders
    private let linkCount: Int
    /// Messages that name no address, or that of the run.
    private(set) lazy var unaddressed = Branch(of: self, for: nil, linkCount: linkCount)
    private var branches: [ExactText: Branch] = [:]
    /// Those that have no sender yet.
    private var wanted: ArraySlice<Branch> = []
    private var waitingByteCount = 0
    /// Messages that were read and that no sender has taken.
    private(set) var waitingCount = 0
    /// The newest message that a sender has taken, but for those that went to it straight from the input.
    private(set) var lastTaken: UInt64 = 0
    /// Nothing more is taken from the input.
    private var hasEnded = false
    private var useCount = 0

    /// `destination` is that of the run, with as many links; the others get one each, and are like it but for
    /// their addresses.
    init(
        _ input: StandardInputSource, from source: any MessageSource, destination: Destination,
        pace: SendPace = .flatOut, linkCount: Int, bounds: InputBounds, senders: OnDemandSenders
    ) {
        self.input = input
        self.source = source
        self.bounds = bounds
        self.destination = destination
        self.pace = pace
        self.senders = senders
        self.linkCount = linkCount
    }

    // MARK: SenderSupply

    func nextRoute(for sender: SenderID) -> SenderRoute? {
        distribute()
        guard let branch = wanted.popFirst(), let address = branch.address else {
            return nil
        }
        senders.note(sender, sendsTo: address)
        var destination = destination
        destination.address = address
        return SenderRoute(to: destination, from: branch, pace: pace)
    }

    /// The first message that no sender has taken, and where its line begins; nil: none waits.
    var firstWaiting: (sequence: UInt64, offset: UInt64)? {
        ([unaddressed] + branches.values).compactMap(\.waiting.first)
            .min { $0.message.sequence < $1.message.sequence }
            .map { ($0.message.sequence, $0.offset) }
    }

    // MARK: For the branches

    fileprivate var isAtEnd: Bool { wanted.isEmpty && (hasEnded || source.isAtEnd) }

    fileprivate var isDelayed: Bool { !hasEnded && source.isDelayed }

    /// The source, where what is next in it needs no place in a branch; nil elsewhere.
    fileprivate var passing: (any MessageSource)? {
        let isPassing = source === input && !hasEnded && input.isUnaddressed
        return isPassing && unaddressed.waiting.isEmpty ? source : nil
    }

    /// Gives messages that are there to their branches, as far as bounds allow.
    fileprivate func distribute() {
        while !hasEnded, let next = source.next {
            guard passing == nil,
                bounds.haveRoom(for: next.size, besides: waitingCount, byteCount: waitingByteCount),
                let branch = branch(for: input.nextAddress)
            else { return }
            branch.waiting.append(Waiting(message: next, offset: input.nextOffset))
            source.take()
            waitingCount += 1
            waitingByteCount += next.size
        }
    }

    /// The branch of an address; nil when there is none yet, or none any more.
    private func branch(for address: String?) -> Branch? {
        guard let address, !address.isExactly(destination.address) else {
            hasEnded = hasEnded || unaddressed.hasEnded
            return hasEnded ? nil : unaddressed
        }
        let key = ExactText(address)
        if let branch = branches[key] { return branch.isLeaving ? nil : branch }
        guard branches.count < Self.addressCountMax else {
            closeIdle()
            return nil
        }
        let branch = Branch(of: self, for: address, linkCount: 1)
        branches[key] = branch
        wanted.append(branch)
        return branch
    }

    /// Lets the sender go that has been idle for longest, unless one is going already.
    private func closeIdle() {
        guard !branches.values.contains(where: \.isLeaving) else { return }
        branches.values.filter(\.isIdle).min { $0.lastUse < $1.lastUse }?.isLeaving = true
    }

    fileprivate func take(_ message: NextMessage, of branch: Branch) {
        waitingCount -= 1
        waitingByteCount -= message.size
        lastTaken = max(lastTaken, message.sequence)
        useCount += 1
        branch.lastUse = useCount
    }

    fileprivate func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        source.withEncoded(sequence: sequence, body)
    }

    fileprivate func free(_ sequences: [UInt64]) {
        source.free(sequences)
    }

    /// All senders of a branch have ended for good.
    fileprivate func end(_ branch: Branch) {
        guard branch.waiting.isEmpty else {
            hasEnded = true
            return
        }
        if let address = branch.address { branches[ExactText(address)] = nil }
    }

    /// A message that no sender has taken.
    fileprivate struct Waiting {
        var message: NextMessage
        /// The offset of its line in the input.
        var offset: UInt64
    }

    /// The messages of one address.
    final class Branch: MessageSource {
        private unowned let addresses: AddressedInput
        /// nil: that of the run.
        let address: String?
        fileprivate var waiting: ArraySlice<Waiting> = []
        /// Messages that were taken and are not final.
        private var openCount = 0
        fileprivate var lastUse = 0
        /// It gets no more messages, so that its sender ends.
        fileprivate var isLeaving = false
        private var linkCount: Int

        fileprivate init(of addresses: AddressedInput, for address: String?, linkCount: Int) {
            self.addresses = addresses
            self.address = address
            self.linkCount = linkCount
        }

        fileprivate var isIdle: Bool { waiting.isEmpty && openCount == 0 }

        fileprivate var hasEnded: Bool { linkCount == 0 }

        /// The source of the input, where messages go straight from it to this address.
        private var passing: (any MessageSource)? { address == nil ? addresses.passing : nil }

        var next: NextMessage? {
            if waiting.isEmpty { addresses.distribute() }
            if let message = waiting.first?.message { return message }
            let next = passing?.next
            // The look itself may have fetched a message that names its address.
            return passing == nil ? nil : next
        }

        var isAtEnd: Bool { isLeaving || next == nil && addresses.isAtEnd }

        var availableCount: Int {
            guard next != nil else { return 0 }
            return waiting.isEmpty ? passing?.availableCount ?? 0 : waiting.count
        }

        var isDelayed: Bool { waiting.isEmpty && addresses.isDelayed }

        func take() {
            guard let next else { return }
            openCount += 1
            if let passing { return passing.take() }
            waiting.removeFirst()
            addresses.take(next, of: self)
        }

        func offer(
            while hasRoom: (_ size: Int) -> Bool,
            to send: (_ sequence: UInt64, _ encoded: UnsafeRawBufferPointer) -> Void
        ) {
            while let next, hasRoom(next.size) {
                if let passing {
                    passing.offer(while: hasRoom) { sequence, encoded in
                        openCount += 1
                        send(sequence, encoded)
                    }
                } else {
                    take()
                    withEncoded(sequence: next.sequence) { send(next.sequence, $0) }
                }
            }
        }

        func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
            addresses.withEncoded(sequence: sequence, body)
        }

        func free(_ sequences: [UInt64]) {
            openCount -= sequences.count
            addresses.free(sequences)
        }

        func senderEnded() {
            linkCount -= 1
            if linkCount == 0 { addresses.end(self) }
        }
    }
}
