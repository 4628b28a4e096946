// The container and its loop.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
internal import CShim

/// The proton library.
///
/// It has no function that returns its version.
public struct ProtonLibrary: Sendable, Hashable {
    /// The loaded file, whose name ends in the library's own version.
    ///
    /// Empty if it is unknown.
    public var file: String
    /// Version of the headers that this program was compiled with, "major.minor.point".
    public var headerVersion: String

    /// Describes a library.
    public init(file: String, headerVersion: String) {
        self.file = file
        self.headerVersion = headerVersion
    }
}

/// Runs connections, and reports their events to one handler.
///
/// Not Sendable: the container, and everything made from it, belongs to the thread that runs it. Other threads
/// use the ``waker``.
public final class Container {
    /// Container id of every open (§2.7.1).
    public let id: String
    /// Wakes the loop, from any thread.
    public let waker: ContainerWaker

    private let handle: OpaquePointer

    /// Makes a container.
    ///
    /// - Ownership: `handler` is unowned, since it usually owns the container. It has to live until ``run()``
    ///   returns.
    /// - Throws: ``ProtonError/Code/invalidArgument`` if `id` is empty, and ``ProtonError/Code/protonError``
    ///   if too few file descriptors are left.
    public init(id: String, handler: any MessagingHandler) throws(ProtonError) {
        self.id = id
        handle = try HandlerContext.makeContainer(id: id, handler: handler)
        waker = ContainerWaker(handle)
    }

    deinit {
        waker.invalidate()
        cshim_container_free(handle)
    }

    /// The proton library.
    public static var protonLibrary: ProtonLibrary {
        ProtonLibrary(
            file: String(cString: cshim_proton_library()),
            headerVersion: String(cString: cshim_proton_header_version()))
    }

    /// The arguments of the process, its own name first, as the C runtime has them.
    ///
    /// They need no /proc, and hold where a preloaded library has changed the environment.
    public static var processArguments: [String] {
        (0..<cshim_argument_count()).map { String(cString: cshim_argument($0)) }
    }

    /// The time of the monotonic clock.
    ///
    /// - Isolation: any thread.
    /// - Units: microseconds.
    public static var monotonicMicroseconds: Int64 { cshim_monotonic_microseconds() }

    /// Runs the loop on the calling thread until ``stop()``, once per container.
    ///
    /// - Blocks: yes. Give it a thread of its own, never one of Swift's cooperative pool.
    /// - Throws: ``ProtonError/Code/invalidState`` if the container has run before.
    @available(*, noasync, message: "run() blocks its thread until stop()")
    public func run() throws(ProtonError) {
        try check("run the container") { cshim_container_run(handle, $0) }
    }

    /// Aborts the connections that are left, and ends the run.
    ///
    /// - Isolation: the loop.
    /// - Throws: ``ProtonError/Code/invalidState`` on another thread.
    public func stop() throws(ProtonError) {
        try check("stop the container") { cshim_container_stop(handle, $0) }
    }

    /// Requests ``MessagingHandler/containerWoken()`` at a time, in place of the time before.
    ///
    /// - Isolation: the loop.
    /// - Units: milliseconds of the clock of ``monotonicMicroseconds``; a time in the past means at once, `Int64.max` never.
    /// - Throws: ``ProtonError/Code/invalidState`` on another thread.
    public func wake(at milliseconds: Int64) throws(ProtonError) {
        try check("set the wake-up") { cshim_container_wake_at(handle, milliseconds, $0) }
    }

    /// Looks up the addresses of a host on a thread of its own.
    ///
    /// ``MessagingHandler/hostLookedUp(_:_:failure:)`` follows, also for a host that is an address. The look-up
    /// has no limit, and neither the loop nor the end of the program waits for it.
    /// - Isolation: the loop.
    /// - Throws: ``ProtonError/Code/invalidArgument`` for an empty or invalid host.
    public func lookUp(_ id: ConnectionID, host: String) throws(ProtonError) {
        try check("look up the host") { cshim_container_look_up(handle, id.number, host, $0) }
    }

    /// Begins to connect; events of the connection carry `id`.
    ///
    /// - Isolation: the loop.
    /// - Blocks: during the look-up of the host's name, if the options have no address.
    /// - Throws: ``ProtonError/Code/invalidArgument`` for an invalid host, and
    ///   ``ProtonError/Code/protonError`` for a file that TLS can't use; no event follows then.
    public func connect(
        _ id: ConnectionID, _ options: ConnectionOptions
    ) throws(ProtonError) -> Connection {
        var connection: OpaquePointer?
        try check("connect") { error in
            options.withShim { cshim_container_connect(handle, id.number, $0, &connection, error) }
        }
        return Connection(try unwrap(connection, "connect"), in: self)
    }
}

/// Unwraps the owned handle that a successful call of the shim has stored.
func unwrap(
    _ handle: OpaquePointer?, _ operation: String
) throws(ProtonError) -> OpaquePointer {
    guard let handle else {
        throw ProtonError(code: .unknownException, operation: operation, name: "", detail: "")
    }
    return handle
}
