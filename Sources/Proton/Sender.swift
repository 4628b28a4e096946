// Sending links.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
internal import CShim

/// A sending link.
///
/// - Ownership: an open link is closed when the object is deinitialised; no outcome is reported from then on.
/// - Isolation: the container's loop.
public final class Sender {
    private let session: Session
    let handle: OpaquePointer

    init(_ handle: OpaquePointer, in session: Session) {
        self.handle = handle
        self.session = session
    }

    deinit {
        cshim_sender_free(handle)
    }

    /// The credit, and whether the peer asks to drain it.
    ///
    /// - Units: messages. 0 if the link is lost, or if a loss was read and is not reported yet.
    /// - AMQP: §2.6.7.
    public func credit() -> (Int, isDraining: Bool) {
        var isDraining = false
        let credit = cshim_sender_credit(handle, &isDraining)
        return (Int(credit), isDraining)
    }

    /// Sends a message, and returns before the peer has read it.
    ///
    /// The outcome follows as ``MessagingHandler/deliveryUpdated(_:_:on:)`` with the same tag. If the link is
    /// lost before, none follows: the message is in doubt (§2.6.13). On a pre-settled link none follows ever:
    /// see ``Session/outgoingBytes``.
    /// - Ownership: `bytes` are copied.
    /// - Precondition: `tag` is unique among the link's unsettled deliveries (§2.6.12).
    /// - Throws: ``ProtonError/Code/noCredit``, ``ProtonError/Code/notConnected``, or
    ///   ``ProtonError/Code/invalidArgument`` without any bytes. After any error the message was not sent.
    public func send(_ bytes: UnsafeRawBufferPointer, tag: DeliveryTag) throws(ProtonError) {
        // Without an error to fill in, which would be larger than most messages: the status is enough.
        let status = unsafeSend(bytes, tag: tag)
        guard status != .ok else { return }
        throw ProtonError(
            code: ProtonError.Code(status), operation: "send a message", name: "", detail: "")
    }

    private func unsafeSend(_ bytes: UnsafeRawBufferPointer, tag: DeliveryTag) -> cshim_status_t {
        guard let start = bytes.baseAddress else { return .invalidArgument }
        return cshim_sender_send(
            handle, tag.number, start.assumingMemoryBound(to: UInt8.self), bytes.count, nil)
    }

    /// Sends bytes of a message of `total` bytes, from `offset` on; otherwise as ``send(_:tag:)``.
    ///
    /// The pieces of a message follow one another, and no other message begins on the link before the last one.
    /// The next one is to be sent when ``Session/hasAllLeft``, so that the memory holds one. An outcome may come
    /// before the last piece: then none may follow (§2.6.14).
    public func sendPiece(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, of total: Int, tag: DeliveryTag
    ) throws(ProtonError) {
        guard let start = bytes.baseAddress, offset >= 0, total >= offset else {
            throw ProtonError(
                code: .invalidArgument, operation: "send a piece", name: "", detail: "")
        }
        try check("send a piece of a message") {
            cshim_sender_send_piece(
                handle, tag.number, start.assumingMemoryBound(to: UInt8.self), bytes.count,
                offset, total, $0)
        }
    }

    /// Has the peer forget a message of which pieces were sent, and not the last one (§2.6.14).
    ///
    /// - Throws: ``ProtonError/Code/invalidState`` if there is none with this tag.
    public func abortDelivery(_ tag: DeliveryTag) throws(ProtonError) {
        try check("abort a delivery") {
            cshim_sender_abort_delivery(handle, tag.number, $0)
        }
    }

    /// Answers a drain: gives the remaining credit back (§2.6.7).
    ///
    /// - Throws: ``ProtonError/Code/notConnected`` if the link is lost.
    public func returnCredit() throws(ProtonError) {
        try check("return the credit") { cshim_sender_return_credit(handle, $0) }
    }

    /// Sends detach with closed=true.
    ///
    /// ``MessagingHandler/linkLost(_:isClosed:_:)`` follows when the peer has answered.
    /// - Throws: ``ProtonError/Code/notConnected`` if the link is lost.
    public func close() throws(ProtonError) {
        try check("close the link") { cshim_sender_close(handle, $0) }
    }
}
