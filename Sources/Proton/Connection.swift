// Connections and sessions.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
internal import CShim

/// A connection.
///
/// - Ownership: a connection that is not lost is aborted when the object is deinitialised.
/// - Isolation: the container's loop.
public final class Connection {
    /// Retained so that handles are freed in their order, the container last.
    private let container: Container
    let handle: OpaquePointer

    init(_ handle: OpaquePointer, in container: Container) {
        self.handle = handle
        self.container = container
    }

    deinit {
        cshim_connection_free(handle)
    }

    /// Sends begin (§2.7.2).
    ///
    /// - Throws: ``ProtonError/Code/notConnected`` if the connection is closed or lost, and
    ///   ``ProtonError/Code/protonError`` if the peer allows no more sessions.
    public func openSession(_ id: SessionID) throws(ProtonError) -> Session {
        var session: OpaquePointer?
        try check("open a session") {
            cshim_connection_open_session(handle, id.number, &session, $0)
        }
        return Session(try unwrap(session, "open a session"), in: self)
    }

    /// Sends close (§2.4.3).
    ///
    /// ``MessagingHandler/connectionLost(_:_:_:)`` follows when the peer has answered.
    /// - Throws: ``ProtonError/Code/notConnected`` if the connection is lost.
    public func close() throws(ProtonError) {
        try check("close the connection") { cshim_connection_close(handle, $0) }
    }

    /// Closes the transport without waiting for the peer.
    ///
    /// ``MessagingHandler/connectionLost(_:_:_:)`` follows at once.
    /// - Throws: ``ProtonError/Code/notConnected`` if the connection is lost.
    public func abort() throws(ProtonError) {
        try check("abort the connection") { cshim_connection_abort(handle, $0) }
    }
}

/// A session.
///
/// - Ownership: the session is ended, and proton's memory for it freed, when the object is deinitialised.
/// - Isolation: the container's loop.
public final class Session {
    private let connection: Connection
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer, in connection: Connection) {
        self.handle = handle
        self.connection = connection
    }

    deinit {
        cshim_session_free(handle)
    }

    /// Whether the peer's begin has come; false if the session is gone.
    public var isAnswered: Bool { cshim_session_is_answered(handle) }

    /// The backlog of the session's links: transfers that were sent and not passed to the transport yet.
    ///
    /// While there is a backlog, proton holds detach and end back. Settled transfers count until all of them
    /// have left for the socket.
    /// - Units: bytes. 0 if the session is gone.
    public var outgoingBytes: Int { Int(clamping: cshim_session_outgoing_bytes(handle)) }

    /// Whether everything that was sent on the session has left for the socket; false if the session is gone.
    public var hasAllLeft: Bool { cshim_session_has_all_left(handle) }

    /// Attaches a sending link (§2.7.3).
    ///
    /// - Precondition: `name` is unique between the two containers (§2.6.1).
    /// - Throws: ``ProtonError/Code/notConnected`` if the session has ended, ``ProtonError/Code/limitReached``
    ///   if the peer's handle-max is reached, ``ProtonError/Code/frameTooLarge`` if the attach exceeds the
    ///   peer's largest frame, and ``ProtonError/Code/invalidArgument`` for an empty name or address, or one
    ///   that holds a NUL, at which proton would cut it.
    public func openSender(
        _ id: LinkID, name: String, to destination: Destination
    ) throws(ProtonError) -> Sender {
        let texts = [name, destination.address] + destination.capabilities
        guard !texts.contains(where: \.hasNUL) else {
            throw ProtonError(
                code: .invalidArgument, operation: "open a link", name: "",
                detail: "the name, address or capability of a target must not hold a NUL")
        }
        var sender: OpaquePointer?
        try check("open a link") { error in
            destination.withShim(name: name) {
                cshim_session_open_sender(handle, id.number, $0, &sender, error)
            }
        }
        return Sender(try unwrap(sender, "open a link"), in: self)
    }
}

extension String {
    fileprivate var hasNUL: Bool { utf8.contains(0) }
}
