// A sender to one address.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
public import LinkRecovery

/// Sends messages to one address of a ``SenderConnection``, and sends again what a loss has left in doubt.
///
/// - Isolation: any thread, any number of tasks at a time.
public final class MessageSender: Sendable {
    /// The destination of its messages.
    public let destination: Destination

    let messages: QueuedMessages
    private let mailbox: Mailbox

    init(to destination: Destination, messages: QueuedMessages, mailbox: Mailbox) {
        self.destination = destination
        self.messages = messages
        self.mailbox = mailbox
    }

    deinit { close() }

    /// Sends a message, and returns its final outcome: accepted, rejected, given up or, where messages are
    /// pre-settled, unconfirmed.
    ///
    /// Suspends while the window is full or the connection is being recovered, without a limit but those of
    /// the ``RecoveryOptions``. When the task is cancelled before the message was sent, it is taken back.
    /// Once it was sent it may arrive, stays in the account and is sent again after a loss: only the caller
    /// stops waiting.
    ///
    /// - Isolation: any thread; suspends. The message is copied.
    /// - Throws: `CancellationError` when the message was taken back. ``SenderError`` with
    ///   ``SenderError/Code/inDoubt`` when it was sent and its outcome is not known; with another code when it
    ///   can't have arrived.
    public func send(_ message: Message) async throws -> FinalOutcome {
        let bytes: [UInt8]
        do {
            bytes = try message.encoded()
        } catch {
            throw SenderError(
                code: .unencodable, description: "the message can't be encoded: \(error)")
        }
        let ticket = messages.makeTicket()
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await withCheckedThrowingContinuation { continuation in
                messages.add(bytes, ticket: ticket, continuation)
                // It may have been cancelled before it was there to be found.
                if Task.isCancelled { messages.cancel(ticket: ticket) }
                mailbox.wake()
            }
        } onCancel: {
            messages.cancel(ticket: ticket)
        }
    }

    /// Takes no further message; what was given to ``send(_:)`` is finished, and then the link closed.
    ///
    /// A sender that nothing refers to any more closes itself.
    ///
    /// - Isolation: any thread; does not wait.
    public func close() {
        messages.close()
        mailbox.wake()
    }
}
