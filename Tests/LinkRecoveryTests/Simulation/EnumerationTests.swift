// Small spaces are not sampled but enumerated: every short series of a peer's moves.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinkRecovery

/// A peer that does all that is asked of it, whatever came before.
struct GoodPeer {
    private var answered: Int

    init(joining run: Run) {
        answered = run.log.count
    }

    /// Answers until the run has ended.
    ///
    /// What was asked before the peer was good stays unanswered: the limits have to see to that.
    mutating func finish(_ run: inout Run) {
        for _ in 1...300 {
            if run.isFinished { return }
            if let frames = answer(to: run) {
                run.receive(frames)
            } else if let wait = run.wait {
                run.pass(wait)
            } else {
                Issue.record("nothing is armed and nothing to come")
                return
            }
        }
        Issue.record("no end")
    }

    private mutating func answer(to run: Run) -> [FromPeer]? {
        let asked = run.log[answered...]
        answered = run.log.count
        for action in asked.reversed() {
            switch action {
            case .connect: return [.open]
            case .openLink: return [.attach(), .flow(3)]
            case .closeLink(let id) where id == run.rules.link: return [.detach()]
            case .closeConnection, .abortConnection: return [.lost(.closed)]
            case .dropSession: return nil
            default: continue
            }
        }
        let inFlight = run.rules.ledger.filter { $0.value.inFlight != nil }.keys.sorted()
        // Only what was sent while the peer was good is answered now.
        let sent = inFlight.filter { sequence in
            asked.contains { if case .send(sequence, _) = $0 { true } else { false } }
        }
        guard !sent.isEmpty else { return nil }
        return sent.map { .accept($0) } + [.flow(sent.count)]
    }
}

@Suite struct EnumerationTests {
    /// What may happen next.
    private enum Move {
        case frame(FromPeer)
        case timePasses
        case stop
    }

    private static let moves: [Move] = frames.map { .frame($0) } + [.timePasses, .stop]

    /// The first message has been sent, so that there is an outcome to give.
    private static let frames: [FromPeer] = [
        .open, .attach(), .attach(hasTarget: false), .flow(1), .drain(1),
        .accept(1), .release(1), .reject(1), .reject(1, .routingFailure),
        .detach(.routedLinkLost), .end(), .lost(.transport),
    ]

    /// Makes a move; a frame that was held back is read together with it.
    private func make(_ move: Int, _ run: inout Run, with heldBack: FromPeer? = nil) {
        switch EnumerationTests.moves[move] {
        case .frame(let frame):
            run.receive([heldBack, frame].compactMap { $0 })
        case .timePasses:
            if let heldBack { run.receive(heldBack) }
            run.pass(min(run.wait ?? 0, 100_000))
        case .stop:
            if let heldBack { run.receive(heldBack) }
            run.stop()
        }
    }

    private func begin() -> Run {
        var run = Run(messages: 3) {
            $0.mayReconnect = true
            $0.window = 2
        }
        run.open(credit: 2)
        return run
    }

    @Test(arguments: moves.indices)
    func `after any three moves the run keeps its rules and comes to its end`(first: Int) {
        for second in EnumerationTests.moves.indices {
            for third in EnumerationTests.moves.indices {
                var run = begin()
                for move in [first, second, third] { make(move, &run) }
                finish(&run, "\(first) \(second) \(third)")
            }
        }
    }

    @Test(arguments: frames.indices)
    func `so it does after moves that were read together`(first: Int) {
        for second in EnumerationTests.moves.indices {
            for third in EnumerationTests.moves.indices {
                for isLastJoined in [false, true] {
                    let frame = EnumerationTests.frames[first]
                    var run = begin()
                    make(second, &run, with: isLastJoined ? nil : frame)
                    make(third, &run, with: isLastJoined ? frame : nil)
                    finish(&run, "\(first) \(second) \(third) \(isLastJoined)")
                }
            }
        }
    }

    private func finish(_ run: inout Run, _ moves: String) {
        var peer = GoodPeer(joining: run)
        peer.finish(&run)
        let summary = run.summary
        let isGood = run.rules.violations.isEmpty && run.isFinished
        #expect(isGood, "moves \(moves)")
        if run.end == .finished {
            #expect(summary.accepted + summary.rejected == 3, "moves \(moves)")
        } else {
            #expect(run.end == .stopped, "moves \(moves)")
        }
    }
}
