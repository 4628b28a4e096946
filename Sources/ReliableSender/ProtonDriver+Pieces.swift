// Drives what is sent in pieces.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import LinkRecovery
internal import Proton

extension ProtonDriver {
    /// Whether a message is to be sent in pieces, or behind one that is.
    ///
    /// A settled message is final at once: its bytes can't be had later.
    func queues(size: Int, on id: LinkID) -> Bool {
        guard !destinations[id.sender.index].isPreSettled else { return false }
        return size > PieceQueue.pieceSize || current.pieces.count(on: id) > 0
    }

    /// Sends a message in pieces.
    mutating func queue(sequence: UInt64, size: Int, tag: DeliveryTag, on id: LinkID) {
        guard let session = link(id)?.session else { return }
        current.pieces.append(
            PieceQueue.Transfer(
                sequence: sequence, size: size, tag: tag, link: id, session: session))
    }

    /// The message of which a piece can be sent now.
    mutating func nextTransfer() -> PieceQueue.Transfer? {
        guard !current.pieces.isEmpty else { return nil }
        let live = current.links
        current.pieces.removeAll { live[$0.link.sender.index]?.id != $0.link }
        return current.pieces.first { transfer in
            guard let link = link(transfer.link), current.sessions[link.session]?.hasAllLeft == true
            else {
                return false
            }
            // The peer may have taken it back.
            return transfer.hasBegun || link.sender.credit().0 > 0
        }
    }

    /// Sends a piece: what there is of these bytes.
    mutating func send(_ bytes: UnsafeRawBufferPointer, of transfer: PieceQueue.Transfer) {
        let piece = UnsafeRawBufferPointer(rebasing: bytes.prefix(PieceQueue.pieceSize))
        attempt { driver throws(ProtonError) in
            do throws(ProtonError) {
                try driver.link(transfer.link)?.sender.sendPiece(
                    piece, at: transfer.sentBytes, of: transfer.size, tag: transfer.tag)
                driver.current.pieces.advance(transfer.tag, on: transfer.link, by: piece.count)
            } catch {
                driver.current.pieces.remove(transfer.tag, on: transfer.link)
                throw error
            }
        }
        if current.dueReturns.contains(transfer.link) { returnCredit(on: transfer.link) }
    }

    /// A delivery has an outcome: no piece of it follows.
    mutating func transferEnded(_ tag: DeliveryTag, on id: LinkID) {
        if !current.pieces.isEmpty { current.pieces.remove(tag, on: id) }
    }

    /// Messages are final, whatever became of their last attempt: the peer forgets what it has of that.
    mutating func abortTransfers(of sequences: [UInt64], by sender: SenderID) {
        guard !current.pieces.isEmpty else { return }
        for transfer in current.pieces.removeFinal(sequences, of: sender) {
            attempt { driver throws(ProtonError) in
                try driver.link(transfer.link)?.sender.abortDelivery(transfer.tag)
            }
        }
    }
}
