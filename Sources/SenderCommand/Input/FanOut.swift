// One input for several addresses.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Offers each message of one source to every address, in order.
///
/// An address that takes nothing holds up the others once they are a window ahead of it: until then
/// the messages in between are kept. When an address has ended for good, nothing more is taken from
/// the source, as no message from there on could reach every address.
///
/// - Isolation: the container's loop.
final class FanOut {
    /// A source for each address.
    private(set) var branches: [Branch] = []

    private struct Kept {
        var message: NextMessage
        /// Addresses that have not taken it.
        var waitingCount: Int
    }

    private let source: any MessageSource
    /// The lead that the addresses may have over the last one.
    private let lead: InputBounds
    /// Taken from the source, from the first on that an address has not taken.
    private var ahead: ArraySlice<Kept> = []
    private var aheadByteCount = 0
    /// Addresses that may still need a message, by sequence.
    private var owed: [UInt64: Int] = [:]
    private var hasEnded = false

    /// `isFinal` tells, for an address and a sequence, what an earlier run has brought to its end.
    init(
        _ source: any MessageSource, addressCount: Int, linkCount: Int, lead: InputBounds,
        isFinal: @escaping (_ address: Int, _ sequence: UInt64) -> Bool = { _, _ in false }
    ) {
        self.source = source
        self.lead = lead
        branches = (0..<addressCount).map { address in
            Branch(of: self, linkCount: linkCount) { isFinal(address, $0) }
        }
    }

    /// The messages taken from the source by one address at least.
    fileprivate var end: Int { ahead.endIndex }

    fileprivate var isAtEnd: Bool { hasEnded || source.isAtEnd }

    fileprivate var isDelayed: Bool { !hasEnded && source.isDelayed }

    /// The message at this place; nil when it is not there yet, or too far ahead.
    fileprivate func message(at place: Int) -> NextMessage? {
        if place < end { return ahead[place].message }
        guard !hasEnded, let next = source.next else { return nil }
        let hasRoom = lead.haveRoom(for: next.size, besides: ahead.count, byteCount: aheadByteCount)
        return hasRoom ? next : nil
    }

    /// Number of messages at hand that an address may take, but for the lead.
    fileprivate func availableCount(from place: Int) -> Int {
        end - place + (hasEnded ? 0 : source.availableCount)
    }

    /// Notes that an address has the message at this place behind it.
    fileprivate func pass(_ place: Int) {
        if place == end, let next = source.next {
            source.take()
            ahead.append(Kept(message: next, waitingCount: branches.count))
            aheadByteCount += next.size
            owed[next.sequence] = branches.count
        }
        ahead[place].waitingCount -= 1
        while let first = ahead.first, first.waitingCount == 0 {
            aheadByteCount -= first.message.size
            ahead.removeFirst()
        }
    }

    fileprivate func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        source.withEncoded(sequence: sequence, body)
    }

    fileprivate func withPiece(
        of sequence: UInt64, from offset: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        source.withPiece(of: sequence, from: offset, body)
    }

    fileprivate func free(_ sequences: [UInt64]) {
        let final = sequences.filter { sequence in
            guard let count = owed[sequence] else { return false }
            owed[sequence] = count > 1 ? count - 1 : nil
            return count == 1
        }
        source.free(final)
    }

    /// An address has ended for good.
    fileprivate func endAddress() {
        hasEnded = true
    }

    /// The messages as one address has them.
    final class Branch: MessageSource {
        private unowned let fanOut: FanOut
        private let isFinal: (UInt64) -> Bool
        /// Messages that are behind it.
        private var place = 0
        /// Links that take messages.
        private var linkCount: Int
        private(set) var lastTaken: UInt64 = 0

        fileprivate init(
            of fanOut: FanOut, linkCount: Int, isFinal: @escaping (UInt64) -> Bool
        ) {
            self.fanOut = fanOut
            self.linkCount = linkCount
            self.isFinal = isFinal
        }

        var next: NextMessage? {
            while let next = fanOut.message(at: place) {
                guard isFinal(next.sequence) else { return next }
                pass()
                fanOut.free([next.sequence])
            }
            return nil
        }

        var isAtEnd: Bool { next == nil && place == fanOut.end && fanOut.isAtEnd }

        var availableCount: Int { fanOut.availableCount(from: place) }

        var isDelayed: Bool { place == fanOut.end && fanOut.isDelayed }

        func take() {
            lastTaken = next?.sequence ?? lastTaken
            pass()
        }

        private func pass() {
            fanOut.pass(place)
            place += 1
        }

        /// Messages that another address has taken, and this one has not.
        var lag: Int { fanOut.end - place }

        func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
            fanOut.withEncoded(sequence: sequence, body)
        }

        func withPiece(
            of sequence: UInt64, from offset: Int, _ body: (UnsafeRawBufferPointer) -> Void
        ) {
            fanOut.withPiece(of: sequence, from: offset, body)
        }

        func free(_ sequences: [UInt64]) {
            fanOut.free(sequences)
        }

        func senderEnded() {
            linkCount -= 1
            if linkCount == 0 { fanOut.endAddress() }
        }
    }
}
