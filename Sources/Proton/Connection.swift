// One connection and its sessions.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
internal import CShim

/// One connection.
///
/// When the object goes, what is left of the connection is aborted.
/// - Isolation: the container's loop.
public final class Connection {
    /// Held so that handles are given back in their order: a container goes last.
    private let container: Container
    let handle: OpaquePointer

    init(_ handle: OpaquePointer, in container: Container) {
        self.handle = handle
        self.container = container
    }

    deinit {
        cshim_connection_free(handle)
    }

    /// Begins a session of its own (§2.7.2).
    ///
    /// - Throws: ``ProtonError/Code/notConnected`` when the connection is closed or lost.
    public func openSession(_ id: SessionID) throws(ProtonError) -> Session {
        var session: OpaquePointer?
        try check("open a session") {
            cshim_connection_open_session(handle, id.number, &session, $0)
        }
        return Session(try unwrap(session, "open a session"), in: self)
    }

    /// Sends close (§2.4.3).
    ///
    /// The connection is lost when the peer has answered.
    /// - Throws: ``ProtonError/Code/notConnected`` when the connection is lost.
    public func close() throws(ProtonError) {
        try check("close the connection") { cshim_connection_close(handle, $0) }
    }

    /// Ends the connection, and every other one of the container, without the peer's help.
    ///
    /// - Throws: ``ProtonError/Code/notConnected`` when the connection is lost.
    public func abort() throws(ProtonError) {
        try check("abort the connection") { cshim_connection_abort(handle, $0) }
    }
}

/// One session.
///
/// When the object goes, the session is ended, and proton's memory of it is freed.
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

    /// Whether the peer has begun its end; false when the session is gone.
    public var isAnswered: Bool { cshim_session_is_answered(handle) }

    /// What was sent on the session's links and has not left for the transport yet.
    ///
    /// While there is any, proton holds back detach and end. What is sent settled counts until all
    /// of it has left for the socket.
    /// - Units: bytes. 0 when the session is gone.
    public var outgoingBytes: Int { Int(clamping: cshim_session_outgoing_bytes(handle)) }

    /// Attaches a sending link (§2.7.3).
    ///
    /// - Throws: ``ProtonError/Code/notConnected`` when the session has ended, and
    ///   ``ProtonError/Code/invalidArgument`` for an empty name or address.
    public func openSender(
        _ id: LinkID, _ options: SenderOptions
    ) throws(ProtonError) -> Sender {
        var sender: OpaquePointer?
        try check("open a link") { error in
            options.withShim { cshim_session_open_sender(handle, id.number, $0, &sender, error) }
        }
        return Sender(try unwrap(sender, "open a link"), in: self)
    }
}
