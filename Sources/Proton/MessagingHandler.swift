// Events that proton reports.
// SPDX-License-Identifier: Apache-2.0

public import AMQP

/// Receives the events of one container.
///
/// An id is the one that the connection, session or sender was made with. No event comes for one whose Swift
/// object is gone.
///
/// - Isolation: the container's loop, one call at a time, which debug builds assert. A call must not block: it
///   holds up the loop.
public protocol MessagingHandler: AnyObject {
    /// Reports the beginning of the run, as the first event.
    func containerStarted()

    /// Reports that the waker was used, or the time of ``Container/wake(at:)`` has come.
    func containerWoken()

    /// Reports the end of a look-up: the host's addresses in the order to try them in, or the reason why there
    /// are none.
    func hostLookedUp(_ id: ConnectionID, _ addresses: [String], failure: String)

    /// Asks for the answer to a step of the login.
    ///
    /// - Precondition: nothing of this module is called from here.
    func loginStepped(_ step: LoginStep, on connection: ConnectionID) -> LoginAnswer

    /// Reports the peer's open, with its container id.
    func connectionOpened(_ id: ConnectionID, peer: String)

    /// Reports the end of a connection, once; only one ``batchEnded(_:)`` follows.
    func connectionLost(_ id: ConnectionID, _ loss: ConnectionLoss, _ condition: ErrorCondition)

    /// Reports that the peer ended the session, or answered our end; its links are gone with it.
    func sessionLost(_ id: SessionID, _ condition: ErrorCondition)

    /// Reports the peer's attach.
    func linkOpened(_ id: LinkID, _ properties: LinkProperties)

    /// Reports that the peer detached the link, or answered our close.
    ///
    /// `isClosed` is false for a detach that keeps the terminus; the link is lost in either case.
    /// - AMQP: §2.6.4.
    func linkLost(_ id: LinkID, isClosed: Bool, _ condition: ErrorCondition)

    /// Reports that deliveries of a link were accepted, in the order of the peer's dispositions.
    ///
    /// For each tag there is at most one outcome, here or as ``deliveryUpdated(_:_:on:)``; it may come after
    /// the loss of the link.
    func deliveriesAccepted(_ tags: [DeliveryTag], on link: LinkID)

    /// Reports any other outcome of a delivery.
    func deliveryUpdated(_ tag: DeliveryTag, _ outcome: Outcome, on link: LinkID)

    /// Reports a frame of a traced connection, without the credentials of SASL.
    ///
    /// - Precondition: nothing of this module is called from here.
    func frameTraced(_ frame: TracedFrame, on connection: ConnectionID)

    /// Reports that all events of one read have been reported.
    ///
    /// New credit and drain requests are part of the batch, and have no event: see ``Sender/credit()``. This is
    /// the place to send from.
    func batchEnded(_ connection: ConnectionID)
}
