// Random frames on their way through proton and the state machines to output lines.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkRecovery
import RawPeer
import ReliableSender
import Synchronization
import Testing

@testable import SenderCommand

/// Formats what it is told, as the command would, and looks at the lines.
private final class LineChecker: SendingObserver {
    private(set) var rejected = 0
    private(set) var linkErrors = 0
    private(set) var sessionsLost = 0
    private(set) var connectionsLost = 0
    private(set) var badLines: [String] = []
    private var text = Reporter(isQuiet: false)

    func observe(_ report: Report) {
        text.event(report)
        // The loss of a link is three lines.
        for line in text.output.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        )
        .dropLast() {
            check(line + [UInt8(ascii: "\n")], byteCountMax: 2048)
        }
        if text.output.last.map({ $0 != UInt8(ascii: "\n") }) ?? false { note(text.output) }
        check(text.diagnostics, byteCountMax: 2048)
        text.output.removeAll(keepingCapacity: true)
        text.diagnostics.removeAll(keepingCapacity: true)
        switch report {
        case .connectionLost: connectionsLost += 1
        case .sessionLost: sessionsLost += 1
        case .link(_, .lost(let condition, _, _)): linkErrors += condition == .none ? 0 : 1
        case .link(_, .outcome(let outcome)): observe(outcome)
        default: break
        }
    }

    func willIdle() {}

    var isHoldingUp: Bool { false }

    private func observe(_ outcome: OutcomeReport) {
        guard case .final(.rejected) = outcome.kind else { return }
        rejected += 1
        let rejected = RejectedMessage(
            outcome.kind, of: 1, message: nil, duplicateID: nil, at: .now)
        let line = rejected?.line ?? []
        // Each of two texts of 1 KiB may be escapes, six bytes for one.
        check(line, byteCountMax: 14 * 1024)
        if (try? JSONSerialization.jsonObject(with: Data(line))) == nil { note(line) }
    }

    /// At most one line, of bounded length, in which nothing drives a terminal.
    private func check(_ line: [UInt8], byteCountMax: Int) {
        guard !line.isEmpty else { return }
        let controls = line.count { $0 < 0x20 || $0 == 0x7F }
        if line.last != UInt8(ascii: "\n") || controls > 1 || line.count > byteCountMax
            || String(validating: line, as: UTF8.self) == nil
        {
            note(line)
        }
    }

    private func note(_ line: [UInt8]) {
        badLines.append(String(decoding: line, as: UTF8.self))
    }
}

@Suite(.endsIfItHangs) struct FrameFuzzTests {
    @Test("whatever a peer sends, the run goes on, and each line is one")
    func strayFrames() throws {
        let count = fuzzInputCount(20_000)
        let connectionNumber = Atomic(UInt64(0))
        let brokenWriteCount = Atomic(0)
        let peer = try Peer(connectionCountMax: .max) { connection in
            let number = connectionNumber.wrappingAdd(1, ordering: .relaxed).newValue
            var peer = HostilePeer(connection, seed: fuzzSeed << 32 + number)
            peer.serve()
            if peer.isBroken { brokenWriteCount.add(1, ordering: .relaxed) }
        }
        let checker = LineChecker()
        let result = try send(count, to: peer.port, checker)
        peer.stop()
        try peer.finish()

        #expect(result.end == .finished, "seed \(fuzzSeed): \(result)")
        #expect(result.summary.addsUp && result.summary.taken == count)
        #expect(checker.badLines == [], "seed \(fuzzSeed)")
        #expect(checker.rejected > count / 2, "the peer is too friendly")
        #expect(checker.linkErrors > count / 200)
        #expect(checker.sessionsLost > count / 10_000)
        #expect(checker.connectionsLost > count / 200)
        #expect(brokenWriteCount.load(ordering: .relaxed) > count / 200)
    }

    @Test("a frame that would fill the memory ends the connection before it has come")
    func largeFrame() throws {
        let isFirst = Atomic(true)
        let peer = try Peer(connectionCountMax: 2) { connection in
            if isFirst.exchange(false, ordering: .relaxed) {
                _ = try connection.acceptUpToAttach()
                // The beginning of 1 MiB.
                try connection.write([0, 16, 0, 0, 2, 0, 0, 0])
                try connection.expect(.close)
                try connection.expectEnd()
            } else {
                try connection.acceptLink(credit: 1)
                try connection.expect(.transfer)
                try connection.send(.disposition(0...0, .accepted))
                try connection.answerEnding()
            }
        }
        let checker = LineChecker()
        let result = try send(1, to: peer.port, checker, withoutAnswerWithin: 0)
        try peer.finish()
        #expect(result.end == .finished)
        #expect(checker.connectionsLost == 1)
    }

    private func send(
        _ count: Int, to port: UInt16, _ observer: any SendingObserver,
        withoutAnswerWithin limit: Milliseconds = 1000
    ) throws -> SendingResult {
        var options = SendingOptions(
            endpoints: [Endpoint(host: "127.0.0.1", port: port)])
        options.recovery.mayReconnect = true
        options.recovery.retry.interval = 1
        // After some malformed frames proton reads no more, and says nothing: only limits help.
        options.idleTimeout = limit
        options.recovery.openTimeout = limit
        // Those that are fatal even when messages were accepted.
        options.recovery.retryableConditions = [
            "amqp:link:message-size-exceeded", "amqp:connection:redirect", "amqp:link:redirect",
        ]
        let sender = SendingEngine(
            options: options,
            routes: [
                SenderRoute(
                    to: Destination(address: "queue"),
                    from: try CountedMessages(count: count, prototype: Message()))
            ], observer: observer)
        let stop = DispatchWorkItem { [handle = sender.stopHandle] in handle.stop() }
        DispatchQueue.global().asyncAfter(
            deadline: .now() + 60 + Double(count) / 20, execute: stop)
        defer { stop.cancel() }
        return try sender.run()
    }
}
