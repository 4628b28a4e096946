// Messages that are sent in pieces.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import LinkRecovery

/// Large messages, and those that wait behind them on their links, as far as they have not been sent.
///
/// Proton keeps all that it is given until it has left: a large message is given to it piece by piece.
struct PieceQueue {
    /// The bytes that proton is given at once.
    static let pieceSize = 1 << 20
    /// When to look again whether the last piece has left: proton does not always signal it.
    static let lookInterval: Milliseconds = 10

    /// A message, and how much of it was sent.
    struct Transfer {
        let sequence: UInt64
        let size: Int
        let tag: DeliveryTag
        let link: LinkID
        let session: SessionID
        var sentBytes = 0

        var hasBegun: Bool { sentBytes > 0 }
    }

    /// In the order in which they are to be sent.
    private var transfers: [Transfer] = []

    var isEmpty: Bool { transfers.isEmpty }

    /// The transfers of a link that have not ended: each will use credit.
    func count(on link: LinkID) -> Int { transfers.count { $0.link == link } }

    /// The bytes that are still to be sent on a session.
    func byteCount(on session: SessionID) -> Int {
        transfers.reduce(0) { $0 + ($1.session == session ? $1.size - $1.sentBytes : 0) }
    }

    mutating func append(_ transfer: Transfer) {
        transfers.append(transfer)
    }

    /// The transfer that may be sent on: the first of its link, if that allows it.
    func first(where isReady: (Transfer) -> Bool) -> Transfer? {
        var seen: Set<LinkID> = []
        return transfers.first { seen.insert($0.link).inserted && isReady($0) }
    }

    /// Notes that bytes of a message were sent.
    mutating func advance(_ tag: DeliveryTag, on link: LinkID, by byteCount: Int) {
        guard let place = place(of: tag, on: link) else { return }
        transfers[place].sentBytes += byteCount
        if transfers[place].sentBytes >= transfers[place].size { transfers.remove(at: place) }
    }

    mutating func remove(_ tag: DeliveryTag, on link: LinkID) {
        if let place = place(of: tag, on: link) { transfers.remove(at: place) }
    }

    mutating func removeAll(where isGone: (Transfer) -> Bool) {
        transfers.removeAll(where: isGone)
    }

    /// Removes the transfers of messages that are final; returns those that have begun.
    mutating func removeFinal(_ sequences: [UInt64], of sender: SenderID) -> [Transfer] {
        func isFinal(_ transfer: Transfer) -> Bool {
            transfer.link.sender == sender && sequences.contains(transfer.sequence)
        }
        defer { transfers.removeAll(where: isFinal) }
        return transfers.filter { isFinal($0) && $0.hasBegun }
    }

    private func place(of tag: DeliveryTag, on link: LinkID) -> Int? {
        transfers.firstIndex { $0.tag == tag && $0.link == link }
    }
}
