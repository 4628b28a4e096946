// One sending link.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
internal import CShim

/// One sending link.
///
/// When the object goes, an open link is closed, and its outcomes end.
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

    /// Says how many messages may be sent, and whether the peer asks for what is left of that.
    ///
    /// - Units: messages. 0 when the link is lost, or a loss was read and is not reported yet.
    /// - AMQP: §2.6.7.
    public func credit() -> (Int, isDraining: Bool) {
        var isDraining = false
        let credit = cshim_sender_credit(handle, &isDraining)
        return (Int(credit), isDraining)
    }

    /// Sends one message, and returns before the peer has seen it.
    ///
    /// The outcome comes as ``MessagingHandler/deliveryUpdated(_:_:on:)`` with the same tag. If the
    /// link is lost before, none comes: the message is in doubt (§2.6.13). On a pre-settled link
    /// none comes ever: see ``Session/outgoingBytes``.
    /// - Ownership: `bytes` are copied.
    /// - Precondition: `tag` is unique among the link's unsettled deliveries (§2.6.12).
    /// - Throws: ``ProtonError/Code/noCredit`` or ``ProtonError/Code/notConnected``; whatever is
    ///   thrown, the message was not sent.
    public func send(_ bytes: UnsafeRawBufferPointer, tag: DeliveryTag) throws(ProtonError) {
        // No error is asked for: it is larger than most messages, and the status says it all.
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

    /// Answers a drain: gives back the credit that is left (§2.6.7).
    ///
    /// - Throws: ``ProtonError/Code/notConnected`` when the link is lost.
    public func returnCredit() throws(ProtonError) {
        try check("return the credit") { cshim_sender_return_credit(handle, $0) }
    }

    /// Sends detach with closed=true.
    ///
    /// The link is lost when the peer has answered.
    /// - Throws: ``ProtonError/Code/notConnected`` when the link is lost.
    public func close() throws(ProtonError) {
        try check("close the link") { cshim_sender_close(handle, $0) }
    }
}
