// Taking messages through a journal, and again in the next run.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Glibc
import ReliableSender
import Testing

@testable import LinkRecovery
@testable import SenderCommand

/// A run without a peer: what it takes and what becomes final is up to the test.
private final class JournaledRun {
    let journal: Journal
    let source: JournaledSource
    let observer: JournalingObserver
    private let progress: WakePipe

    init(_ directory: JournalDirectory, count: Int, rejectedFile: RejectedFile? = nil) throws {
        // A flush makes no difference here, and takes long.
        journal = try Journal(OpenedJournal(directory.request())) { _ throws(SystemError) in }
        let wakePipe = try WakePipe()
        progress = wakePipe
        journal.onProgress { wakePipe.wake() }
        source = JournaledSource(
            try CountedMessages(count: count, prototype: Message()), journal: journal)
        observer = JournalingObserver(NotedReports(), journal: journal, rejectedFile: rejectedFile)
    }

    func take(_ count: Int = .max) -> [UInt64] {
        var taken: [UInt64] = []
        while taken.count < count, let next = next() {
            source.take()
            taken.append(next.sequence)
        }
        return taken
    }

    /// Waits for the disk.
    func next() -> NextMessage? {
        while true {
            if let next = source.next { return next }
            guard source.isDelayed else { return nil }
            progress.wait()
        }
    }

    func settle(_ sequence: UInt64, _ kind: OutcomeReport.Kind) {
        source.free([sequence])
        observer.observe(
            .outcome(
                OutcomeReport(
                    sequences: [sequence], kind: kind, accepted: 0, rejected: 0, released: 0)))
    }
}

@Suite(.endsIfItHangs) struct JournaledSourceTests {
    private let directory: JournalDirectory

    init() throws {
        directory = try JournalDirectory()
    }

    @Test("a message is in the journal before it is taken")
    func journalFirst() throws {
        let run = try JournaledRun(directory, count: 1000)
        for sequence in 1...1000 as ClosedRange<UInt64> {
            #expect(run.next()?.sequence == sequence)
            if sequence % 50 == 1 {
                #expect(try replay(directory.bytes).state.lastSequence >= sequence)
            }
            run.source.take()
        }
        #expect(run.source.isAtEnd)
        #expect(run.source.next == nil)
        #expect(try replay(directory.bytes).state.lastSequence == 1000)
    }

    @Test("a message that the rejected file may not have on the disk is not final")
    func rejectedFile() throws {
        let file = try RejectedFile(directory.path + ".rejected")
        let run = try JournaledRun(directory, count: 3, rejectedFile: file)
        _ = run.take()
        file.append(Array("1\n".utf8))
        run.settle(1, .final(.rejected(.none)))
        run.observer.willIdle()
        #expect(run.journal.state.addresses[0].finals.rejected == 1)
        let null = try OpenFile("/dev/null", O_WRONLY)
        // It can be written, and not be flushed.
        dup2(null.descriptor, file.file.descriptor)
        file.append(Array("2\n".utf8))
        run.settle(2, .final(.rejected(.none)))
        run.settle(3, .final(.accepted))
        run.observer.willIdle()
        #expect(run.journal.state.addresses[0].finals.rejected == 1)
        #expect(run.journal.state.addresses[0].finals.accepted == 1)
        #expect(file.failure != nil && !file.isComplete)
    }

    @Test("the next run sends what is missing")
    func nextRun() throws {
        do {
            let run = try JournaledRun(directory, count: 20)
            #expect(run.take(10) == Array(1...10))
            for sequence in [1, 2, 3, 5] as [UInt64] { run.settle(sequence, .final(.accepted)) }
            run.settle(9, .final(.unconfirmed))
            run.settle(4, .final(.rejected(ErrorCondition(name: "amqp:internal-error"))))
            run.settle(7, .final(.givenUp(.redeliveriesUsedUp)))
            run.settle(8, .returned)
            run.observer.willIdle()
        }
        do {
            let run = try JournaledRun(directory, count: 20)
            #expect(run.journal.resumption?.inDoubt == 13)
            #expect(run.take() == [6, 8, 10] + Array(11...20))
            for sequence in 10...20 as ClosedRange<UInt64> {
                run.settle(sequence, .final(.accepted))
            }
            run.settle(6, .final(.accepted))
            run.source.close()
        }
        do {
            // More messages than before.
            let run = try JournaledRun(directory, count: 22)
            #expect(run.journal.resumption?.inDoubt == 1)
            #expect(run.take() == [8, 21, 22])
            for sequence in [8, 21, 22] as [UInt64] { run.settle(sequence, .final(.accepted)) }
            run.source.close()
        }
        let run = try JournaledRun(directory, count: 22)
        #expect(run.source.isAtEnd)
        #expect(run.source.next == nil)
        #expect(run.journal.resumption?.inDoubt == 0)
    }

    /// Runs that are killed at any time, against a table of what a broker has got.
    @Test("nothing is lost, whenever the run ends")
    func anyEnd() throws {
        for seed in 0..<150 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            let directory = try JournalDirectory()
            var final: [UInt64: FinalState] = [:]
            var mayHaveBeenSent: Set<UInt64> = []
            for _ in 0..<30 where final.count < 600 {
                let run = try JournaledRun(directory, count: 600)
                let inDoubt = run.journal.resumption?.inDoubt ?? 0
                let openCount = mayHaveBeenSent.subtracting(final.keys).count
                try #require(openCount <= inDoubt, "seed \(seed)")
                var open: Set<UInt64> = []
                var last: UInt64 = 0
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    for sequence in run.take(.random(in: 0...120, using: &random)) {
                        try #require(final[sequence] == nil && sequence > last, "seed \(seed)")
                        let skipped = (last + 1)..<sequence
                        try #require(skipped.allSatisfy { final[$0] != nil }, "seed \(seed)")
                        last = sequence
                        open.insert(sequence)
                        mayHaveBeenSent.insert(sequence)
                    }
                    for sequence in open.shuffled(using: &random).prefix(80) {
                        let isRejected = Int.random(in: 0..<9, using: &random) == 0
                        run.settle(
                            sequence,
                            isRejected ? .final(.rejected(ErrorCondition())) : .final(.accepted))
                        open.remove(sequence)
                        final[sequence] = isRejected ? .rejected : .accepted
                    }
                    run.observer.willIdle()
                }
                if Bool.random(using: &random) { run.source.close() }
            }
            let state = try replay(directory.bytes).state
            for sequence in 1...600 as ClosedRange<UInt64> {
                let found = state.addresses[0].finals.run(of: sequence)?.state
                try #require(found == final[sequence], "seed \(seed)")
            }
        }
    }
}
