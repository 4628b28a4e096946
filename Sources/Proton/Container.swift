// The container: it has the loop, and everything else happens there.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
internal import CShim

/// The proton library below.
///
/// It does not tell its version.
public struct ProtonLibrary: Sendable, Hashable {
    /// The file that is loaded, whose name ends in the library's own version.
    ///
    /// Empty if it can't be found out.
    public var file: String
    /// Version of the proton whose headers this program was compiled with, "major.minor.point".
    public var headerVersion: String

    /// Describes a library.
    public init(file: String, headerVersion: String) {
        self.file = file
        self.headerVersion = headerVersion
    }
}

/// Runs connections, and reports to one handler what happens on them.
///
/// Not Sendable: it belongs to the thread that runs it, with everything made from it. Other threads
/// have the ``waker``.
public final class Container {
    /// Container id of every open (§2.7.1).
    public let id: String
    /// For other threads.
    public let waker: ContainerWaker

    private let handle: OpaquePointer

    /// Makes a container.
    ///
    /// - Ownership: `handler` is unowned, since it is usually what holds the container. It has to
    ///   live as long as ``run()`` runs.
    /// - Throws: ``ProtonError/Code/invalidArgument`` when `id` is empty.
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

    /// The arguments of the process, its own name first, as the C runtime has them: also without
    /// /proc, and behind a preloaded library that has changed the environment.
    public static var processArguments: [String] {
        (0..<cshim_argument_count()).map { String(cString: cshim_argument($0)) }
    }

    /// The monotonic clock.
    ///
    /// - Isolation: any thread.
    public static var monotonicMilliseconds: Int64 { cshim_monotonic_milliseconds() }

    /// Runs the loop on the calling thread until ``stop()``.
    ///
    /// Once per container.
    /// - Blocks: yes. Give it a thread of its own, never one of Swift's cooperative pool.
    /// - Throws: ``ProtonError/Code/invalidState`` when the container has run.
    @available(*, noasync, message: "run() blocks its thread until stop()")
    public func run() throws(ProtonError) {
        try check("run the container") { cshim_container_run(handle, $0) }
    }

    /// Ends the run, after what is left of connections was aborted.
    ///
    /// - Isolation: the loop.
    public func stop() throws(ProtonError) {
        try check("stop the container") { cshim_container_stop(handle, $0) }
    }

    /// Asks for ``MessagingHandler/containerWoken()`` at a time, in place of the time before.
    ///
    /// - Isolation: the loop.
    /// - Units: milliseconds of ``monotonicMilliseconds``. A time in the past means at once,
    ///   `Int64.max` never.
    public func wake(at milliseconds: Int64) throws(ProtonError) {
        try check("set the alarm") { cshim_container_wake_at(handle, milliseconds, $0) }
    }

    /// Looks up the addresses of a host, beside the loop.
    ///
    /// ``MessagingHandler/hostLookedUp(_:_:failure:)`` follows, also for a host that is an address. There
    /// is no limit, but nothing waits: neither the loop nor the end of the program.
    /// - Isolation: the loop.
    /// - Throws: ``ProtonError/Code/invalidArgument`` for a host that is none.
    public func lookUp(_ id: ConnectionID, host: String) throws(ProtonError) {
        try check("look up the host") { cshim_container_look_up(handle, id.number, host, $0) }
    }

    /// Begins to connect.
    ///
    /// What comes of it is reported under `id`.
    /// - Isolation: the loop.
    /// - Blocks: while a name is looked up, if the options have no address.
    /// - Throws: ``ProtonError/Code/invalidArgument`` for a host that is none, and
    ///   ``ProtonError/Code/protonError`` for a file that TLS can't use. Nothing is reported then.
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

/// The owned handle that a successful call of the shim has stored.
func unwrap(
    _ handle: OpaquePointer?, _ operation: String
) throws(ProtonError) -> OpaquePointer {
    guard let handle else {
        throw ProtonError(code: .unknownException, operation: operation, name: "", detail: "")
    }
    return handle
}
