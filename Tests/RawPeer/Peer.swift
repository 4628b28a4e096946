// A peer that does what a test's script says, frame by frame.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc
internal import Synchronization
internal import TestSupport

/// Listens on a free port of the loopback and runs a script, on a thread, for each connection.
public final class Peer: Sendable {
    /// The port that it listens on.
    public let port: UInt16

    private let listener: Int32
    private let connectionCountMax: Int
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    private struct State {
        var failure: String?
        var acceptedCount = 0
        /// Its number may be that of another test's socket by now.
        var isListenerClosed = false
    }

    /// Number of connections that were accepted.
    public var acceptedCount: Int { state.withLock { $0.acceptedCount } }

    /// Begins to listen.
    ///
    /// `script` runs for one connection after the other, `connectionCountMax` times.
    public init(
        connectionCountMax: Int = 1, _ script: @escaping @Sendable (PeerConnection) throws -> Void
    ) throws {
        self.connectionCountMax = connectionCountMax
        (listener, port) = try listenOnLoopback()
        Thread.detachNewThread { [self] in run(script) }
    }

    /// Waits for the end of the script and throws what went wrong in it.
    public func finish(within seconds: Double = 20) throws {
        guard ended.wait(timeout: .now() + seconds) == .success else {
            throw PeerError("the script did not end")
        }
        if let failure = state.withLock({ $0.failure }) { throw PeerError(failure) }
    }

    /// Takes no more connections.
    public func stop() {
        state.withLock { state in
            if !state.isListenerClosed { shutdown(listener, Int32(SHUT_RDWR)) }
        }
    }

    private func run(_ script: (PeerConnection) throws -> Void) {
        defer {
            state.withLock { state in
                Glibc.close(listener)
                state.isListenerClosed = true
            }
            ended.signal()
        }
        for _ in 0..<connectionCountMax {
            let descriptor = acceptConnection(listener)
            guard descriptor >= 0 else { return }
            state.withLock { $0.acceptedCount += 1 }
            let connection = PeerConnection(descriptor)
            defer { connection.disconnect() }
            do {
                try script(connection)
            } catch {
                state.withLock { $0.failure = "\(error)" }
                return
            }
        }
    }
}

/// The peer's end of one connection.
///
/// A script uses it on its own thread.
public final class PeerConnection {
    private var descriptor: Int32
    private var received: [UInt8] = []
    private var breakOff: (writesBefore: Int, alter: ([UInt8]) -> [UInt8])?

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        // All threads of tests that are tasks may be busy for minutes.
        var timeout = timeval(tv_sec: 300, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, 4)
    }

    /// Ends TCP, without a close.
    public func disconnect() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Ends what we send, and goes on reading.
    public func endWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Sends frames by one write, so that they arrive together.
    public func send(_ frames: Frame...) throws {
        try write(frames.flatMap(\.encoded))
    }

    /// Makes the last one of this many more writes another one; TCP has its end behind it.
    ///
    /// Only from us to the client: what it says to that can still be read.
    public func breakOff(afterWrites count: Int, altering alter: @escaping ([UInt8]) -> [UInt8]) {
        breakOff = (count - 1, alter)
    }

    /// Sends bytes as they are.
    public func write(_ bytes: [UInt8]) throws {
        guard let (writesBefore, alter) = breakOff else { return try writeAll(bytes) }
        breakOff?.writesBefore -= 1
        try writeAll(writesBefore > 0 ? bytes : alter(bytes))
        if writesBefore == 0 { shutdown(descriptor, Int32(SHUT_WR)) }
    }

    private func writeAll(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw PeerError("can't write: \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for the next frame; nil when the connection has ended.
    public func read() throws -> Frame? {
        while let rest = try frameBytes() {
            if let frame = try Frame(rest) { return frame }
        }
        return nil
    }

    /// Waits for the next frame, and takes those with it that have come by then.
    ///
    /// None when the connection has ended.
    public func readSome() throws -> [Frame] {
        var frames: [Frame] = []
        while frames.isEmpty || received.count >= max(4, size(received.prefix(4))) {
            guard let rest = try frameBytes() else { break }
            if let frame = try Frame(rest) { frames.append(frame) }
        }
        return frames
    }

    /// A frame behind its size.
    private func frameBytes() throws -> [UInt8]? {
        guard let head = try bytes(4) else { return nil }
        return try bytes(size(head[...]) - 4)
    }

    private func size(_ head: ArraySlice<UInt8>) -> Int {
        head.reduce(0) { $0 << 8 | Int($1) }
    }

    /// Waits for a frame of a kind.
    ///
    /// Flows are passed over, unless it is one that is wanted.
    @discardableResult
    public func expect(_ performative: Performative) throws -> Frame {
        while true {
            guard let frame = try read() else { throw PeerError("ended before \(performative)") }
            if frame.performative == performative { return frame }
            guard frame.performative == .flow else {
                throw PeerError("\(frame.performative) instead of \(performative)")
            }
        }
    }

    /// Reads what comes, whatever it is, until the connection ends.
    public func drain() throws {
        while try read() != nil {}
    }

    /// Waits for the end of the connection without frames between.
    ///
    /// A reset is an end, too.
    public func expectEnd() throws {
        if let frame = try read() { throw PeerError("\(frame.performative) instead of the end") }
    }

    /// Waits for this many bytes as they are; nil when the connection has ended.
    public func bytes(_ count: Int) throws -> [UInt8]? {
        while received.count < count {
            var chunk = [UInt8](repeating: 0, count: 65536)
            let size = recv(descriptor, &chunk, chunk.count, 0)
            if size < 0, errno == EAGAIN { throw PeerError("nothing came for too long") }
            guard size > 0 else { return nil }
            received += chunk[..<size]
        }
        defer { received.removeFirst(count) }
        return [UInt8](received.prefix(count))
    }
}

extension PeerConnection {
    /// The header of AMQP (0), TLS (2) or SASL (3).
    public static func header(_ protocolID: UInt8) -> [UInt8] {
        [UInt8]("AMQP".utf8) + [protocolID, 1, 0, 0]
    }

    /// Waits for a header, whichever it is; nil when the connection has ended.
    public func readHeader() throws -> [UInt8]? { try bytes(8) }

    /// Offers a mechanism and answers what the client chooses with an outcome (§5.3).
    ///
    /// 0 is success.
    public func authenticate(offering mechanism: String = "ANONYMOUS", outcome: UInt8 = 0) throws
        -> Frame
    {
        let answer = try offer([mechanism])
        try send(Frame(.saslOutcome, [.ubyte(outcome)]))
        return answer
    }

    /// Offers mechanisms and waits for the client's choice, which is left unanswered (§5.3).
    public func offer(_ mechanisms: [String]) throws -> Frame {
        guard try bytes(8) == Self.header(3) else { throw PeerError("no header of SASL") }
        try write(Self.header(3))
        let names = mechanisms.map(Value.symbol)
        try send(Frame(.saslMechanisms, [names.count == 1 ? names[0] : .symbols(mechanisms)]))
        return try expect(.saslInit)
    }

    /// The headers and the open behind a login.
    public func openBehindSASL() throws {
        _ = try greetBehindSASL()
        try send(.open())
    }

    /// SASL, the headers, and the client's open, which is left unanswered.
    public func greet() throws -> Frame {
        _ = try authenticate()
        return try greetBehindSASL()
    }

    private func greetBehindSASL() throws -> Frame {
        guard try bytes(8) == Self.header(0) else { throw PeerError("no header of AMQP") }
        try write(Self.header(0))
        return try expect(.open)
    }

    /// Everything up to an attach that awaits its answer.
    public func acceptUpToAttach() throws -> Frame {
        _ = try greet()
        return try acceptOpen()
    }

    private func acceptOpen() throws -> Frame {
        try send(.open())
        try expect(.begin)
        try send(.begin())
        return try expect(.attach)
    }

    /// Everything up to an open link with credit.
    @discardableResult
    public func acceptLink(credit: UInt32, incomingWindow: UInt32 = 2_000_000) throws -> Frame {
        let attach = try acceptUpToAttach()
        try send(
            .attach(answering: attach), .flow(credit: credit, incomingWindow: incomingWindow))
        return attach
    }

    /// The same behind an ``authenticate(offering:outcome:)``.
    public func acceptLinkBehindSASL(credit: UInt32) throws {
        _ = try greetBehindSASL()
        try send(.attach(answering: try acceptOpen()), .flow(credit: credit))
    }

    /// Answers end and close, in whatever else comes, until the connection ends.
    public func answerEnding() throws {
        while let frame = try read() {
            switch frame.performative {
            case .detach:
                try send(.detach(handle: UInt32(frame[0].number ?? 0), on: frame.channel))
            case .end: try send(.end(on: frame.channel))
            case .close:
                try send(.close())
                return
            default: break
            }
        }
    }
}
