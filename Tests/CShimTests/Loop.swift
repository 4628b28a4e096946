// The C ABI as the tests drive it: one container, its events recorded and given to a script.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import Testing

/// An event of the callback table, copied.
enum Event: Hashable {
    case started
    case woken
    case hostLookedUp(UInt64, [String], failure: String = "")
    case connectionOpened(UInt64, peer: String)
    case connectionLost(UInt64, cshim_connection_loss_t, name: String)
    case sessionLost(UInt64, name: String)
    case linkOpened(UInt64, hasTarget: Bool, maxMessageSize: UInt64 = 0)
    case linkLost(UInt64, isClosed: Bool, name: String)
    case outcome(link: UInt64, tag: UInt64, cshim_outcome_state_t, name: String = "")
    case batchEnded(UInt64)
}

/// The descriptor of a state that is no outcome.
private func descriptor(of outcome: cshim_outcome_t) -> String {
    let symbol = String(cString: outcome.descriptor_symbol)
    return symbol.isEmpty ? "\(outcome.descriptor)" : symbol
}

/// A step of a login, copied.
struct LoginStep: Hashable {
    var kind: cshim_login_step_t
    var bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Answers an offer of mechanisms.
func begin(_ login: OpaquePointer, _ mechanism: String, _ response: String = "") {
    let bytes = Array(response.utf8)
    #expect(cshim_login_begin(login, mechanism, bytes, bytes.count, nil) == .ok)
}

/// Answers a challenge.
func respond(_ login: OpaquePointer, _ response: String) {
    let bytes = Array(response.utf8)
    #expect(cshim_login_respond(login, bytes, bytes.count, nil) == .ok)
}

/// A frame of a connection that is traced, copied.
struct TracedFrame: Hashable {
    var isIncoming: Bool
    var isSASL: Bool
    var channel: UInt16
    var body: [UInt8]

    /// The code of the performative, behind its descriptor's constructor.
    var performative: UInt8? {
        body.count > 2 ? body[1...].first { $0 != 0x53 && $0 != 0x80 && $0 != 0 } : nil
    }

    init(_ frame: cshim_frame_t) {
        isIncoming = frame.is_incoming
        isSASL = frame.is_sasl
        channel = frame.channel
        body = Array(UnsafeBufferPointer(start: frame.body, count: frame.body_size_bytes))
    }
}

/// A container whose run ends when the script stops it, or fails after a while.
///
/// Handles are kept by id, and freed with the loop, senders first.
final class Loop {
    private(set) var events: [Event] = []
    /// The description of the connection's loss.
    fileprivate(set) var lossDescription = ""
    /// The traced frames.
    fileprivate(set) var frames: [TracedFrame] = []
    /// By link, what its peer said.
    fileprivate(set) var settleModes: [UInt64: cshim_settle_mode_t] = [:]
    /// By tag, the info of the outcome's condition; nil: none was given.
    fileprivate(set) var infos: [UInt64: [UInt8]?] = [:]
    let container: OpaquePointer
    var connections: [UInt64: OpaquePointer] = [:]
    var sessions: [UInt64: OpaquePointer] = [:]
    var senders: [UInt64: OpaquePointer] = [:]
    let releaseCount = Counter()

    /// The steps of the login that came, with their bytes.
    private(set) var loginSteps: [LoginStep] = []
    /// Answers the steps of the login; ANONYMOUS unless a test says otherwise.
    var login: (LoginStep, OpaquePointer) -> Void = { step, login in
        if step.kind == .offered { begin(login, "ANONYMOUS") }
    }

    private var script: (Event) throws -> Void = { _ in }
    private var isExpired = false

    /// Outlives the loop, to see that `release` was called once.
    final class Counter {
        var value = 0
    }

    init() {
        let context = Context(releaseCount)
        var made: OpaquePointer?
        var table = Self.callbacks(Unmanaged.passRetained(context).toOpaque())
        let status = cshim_container_new("test", &table, &made, nil)
        guard status == .ok, let made else { fatalError("no container: \(status)") }
        container = made
        context.loop = self
    }

    deinit {
        for sender in senders.values { cshim_sender_free(sender) }
        for session in sessions.values { cshim_session_free(session) }
        for connection in connections.values { cshim_connection_free(connection) }
        cshim_container_free(container)
    }

    /// Runs until ``stop()``.
    ///
    /// Every event is recorded and given to the script.
    func run(within seconds: Double = 20, _ script: @escaping (Event) throws -> Void) {
        self.script = script
        defer { self.script = { _ in } }
        let watchdog = Watchdog(self)
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { watchdog.bark() }
        #expect(cshim_container_run(container, nil) == .ok)
        watchdog.rest()
        #expect(!isExpired, "the script did not stop the loop; events: \(events)")
    }

    /// Outcomes that were reported.
    var outcomeCount: Int { events.count { if case .outcome = $0 { true } else { false } } }

    func stop() {
        #expect(cshim_container_stop(container, nil) == .ok)
    }

    fileprivate func step(
        _ kind: cshim_login_step_t, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
        _ login: OpaquePointer
    ) {
        let bytes = Array(UnsafeBufferPointer(start: bytes, count: count))
        let step = LoginStep(kind: kind, bytes: bytes)
        loginSteps.append(step)
        self.login(step, login)
    }

    fileprivate func expire() {
        isExpired = true
        cshim_container_wake(container)
    }

    fileprivate func handle(_ event: Event) {
        if isExpired { return stop() }
        events.append(event)
        do {
            try script(event)
        } catch {
            Issue.record(error)
            stop()
        }
    }

    static func callbacks(_ context: UnsafeMutableRawPointer) -> cshim_callbacks_t {
        cshim_callbacks_t(
            context: context,
            started: { loop($0).handle(.started) },
            woken: { loop($0).handle(.woken) },
            host_looked_up: { context, id, addresses, count, failure in
                let addresses = (0..<count).map { addresses?[$0].map { String(cString: $0) } ?? "" }
                loop(context).handle(
                    .hostLookedUp(id, addresses, failure: String(cString: failure)))
            },
            login_stepped: { loop($0).step($2, $3, $4, $5) },
            connection_opened: {
                loop($0).handle(.connectionOpened($1, peer: String(cString: $2)))
            },
            connection_lost: {
                loop($0).lossDescription = String(cString: $3.pointee.description)
                loop($0).handle(.connectionLost($1, $2, name: String(cString: $3.pointee.name)))
            },
            session_lost: {
                loop($0).handle(.sessionLost($1, name: String(cString: $2.pointee.name)))
            },
            link_opened: {
                loop($0).settleModes[$1] = $2.pointee.settle_mode
                loop($0).handle(
                    .linkOpened(
                        $1, hasTarget: $2.pointee.has_target,
                        maxMessageSize: $2.pointee.max_message_size_bytes))
            },
            link_lost: {
                loop($0).handle(
                    .linkLost($1, isClosed: $2, name: String(cString: $3.pointee.name)))
            },
            delivery_updated: {
                let condition = $3.pointee.condition
                loop($0).infos[$2] = condition.info.map {
                    Array(UnsafeBufferPointer(start: $0, count: condition.info_size_bytes))
                }
                loop($0).handle(
                    .outcome(
                        link: $1, tag: $2, $3.pointee.state,
                        name: $3.pointee.state == .unknown
                            ? descriptor(of: $3.pointee)
                            : String(cString: $3.pointee.condition.name)))
            },
            deliveries_accepted: { context, link, tags, count in
                for tag in UnsafeBufferPointer(start: tags, count: count) {
                    loop(context).handle(.outcome(link: link, tag: tag, .accepted))
                }
            },
            frame_traced: { loop($0).frames.append(TracedFrame($2.pointee)) },
            batch_ended: { loop($0).handle(.batchEnded($1)) },
            release: { context in
                guard let context else { return }
                let reference = Unmanaged<Context>.fromOpaque(context)
                reference.takeUnretainedValue().releaseCount.value += 1
                reference.release()
            })
    }
}

/// The object that the callbacks' context points to, as long as the container lives.
private final class Context {
    unowned(unsafe) var loop: Loop?
    let releaseCount: Loop.Counter

    init(_ releaseCount: Loop.Counter) {
        self.releaseCount = releaseCount
    }
}

private func loop(_ context: UnsafeMutableRawPointer?) -> Loop {
    guard let context,
        let loop = Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().loop
    else { preconditionFailure("the shim has lost its context") }
    return loop
}

/// Ends a loop that does not end itself.
///
/// Any thread.
private final class Watchdog: @unchecked Sendable {
    private let lock = NSLock()
    private var loop: Loop?

    init(_ loop: Loop) {
        self.loop = loop
    }

    func bark() {
        lock.withLock { loop?.expire() }
    }

    func rest() {
        lock.withLock { loop = nil }
    }
}

struct ShimError: Error, Equatable {
    let status: cshim_status_t
}

private func known(_ handle: OpaquePointer?) -> OpaquePointer {
    guard let handle else { preconditionFailure("the test has no such handle") }
    return handle
}

func attempt(_ status: cshim_status_t) throws {
    guard status == .ok else { throw ShimError(status: status) }
}

extension Loop {
    /// Asks for a `woken` after some milliseconds.
    func wake(after milliseconds: Int64) throws {
        try attempt(
            cshim_container_wake_at(
                container, cshim_monotonic_milliseconds() + milliseconds, nil))
    }

    func connect(
        _ id: UInt64 = 1, host: String = "127.0.0.1", port: UInt16,
        error: UnsafeMutablePointer<cshim_error_t>? = nil,
        _ change: (inout cshim_connection_options_t) -> Void = { _ in }
    ) throws {
        try host.withCString { host in
            var options = cshim_connection_options_t(
                host: host, address: nil, port: port, virtual_host: nil, idle_timeout_ms: 0,
                max_frame_size_bytes: 0, is_traced: false, tls: nil)
            change(&options)
            var connection: OpaquePointer?
            try attempt(cshim_container_connect(container, id, &options, &connection, error))
            connections[id] = connection
        }
    }

    func openSession(_ id: UInt64 = 2, on connection: UInt64 = 1) throws {
        var session: OpaquePointer?
        try attempt(
            cshim_connection_open_session(known(connections[connection]), id, &session, nil))
        sessions[id] = session
    }

    func openSender(
        _ id: UInt64 = 3, on session: UInt64 = 2, address: String? = nil, isPreSettled: Bool = false
    ) throws {
        try "link-\(id)".withCString { name in
            try (address ?? "link-\(id)").withCString { address in
                var options = cshim_sender_options_t(
                    name: name, address: address, target_durability: .none, capabilities: nil,
                    capability_count: 0, is_pre_settled: isPreSettled)
                var sender: OpaquePointer?
                try attempt(
                    cshim_session_open_sender(known(sessions[session]), id, &options, &sender, nil))
                senders[id] = sender
            }
        }
    }

    /// Connects, and opens session 2 and link 3 without waiting for an answer.
    func openAll(port: UInt16, isPreSettled: Bool = false) throws {
        try connect(port: port)
        try openSession()
        try openSender(isPreSettled: isPreSettled)
    }

    func send(_ tags: ClosedRange<UInt64>, on link: UInt64 = 3, size: Int = 100) throws {
        let bytes = [UInt8](repeating: 0x40, count: size)
        let sender = known(senders[link])
        for tag in tags { try attempt(cshim_sender_send(sender, tag, bytes, size, nil)) }
    }

    func credit(_ link: UInt64 = 3) -> (Int32, isDraining: Bool) {
        var isDraining = true
        let credit = cshim_sender_credit(known(senders[link]), &isDraining)
        return (credit, isDraining)
    }

    func close(_ connection: UInt64 = 1) throws {
        try attempt(cshim_connection_close(known(connections[connection]), nil))
    }

    func freeSender(_ id: UInt64 = 3) {
        cshim_sender_free(senders.removeValue(forKey: id))
    }

    func freeSession(_ id: UInt64 = 2) {
        cshim_session_free(sessions.removeValue(forKey: id))
    }

    /// The events without those that say only when.
    var reported: [Event] {
        events.filter { event in
            switch event {
            case .started, .woken, .batchEnded: false
            default: true
            }
        }
    }
}
