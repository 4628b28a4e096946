// The state that a journal's records add up to.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Testing

@testable import SenderCommand

@Suite struct JournalStateTests {
    private func state(_ records: [JournalRecord], addressCount: Int = 1) -> JournalState {
        var state = JournalState(addressCount: addressCount)
        for record in records {
            let isConsistent = state.apply(record)
            #expect(isConsistent, "\(record)")
        }
        return state
    }

    @Test("the runs of final messages are those of a plain table")
    func finalRuns() {
        for seed in 0..<200 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            var runs = FinalRuns()
            var table: [UInt64: FinalState] = [:]
            for _ in 0..<60 {
                let first = UInt64.random(in: 1...80, using: &random)
                let last = first + UInt64.random(in: 0...4, using: &random)
                guard let state = FinalState.allCases.randomElement(using: &random) else { return }
                let isFree = (first...last).allSatisfy { table[$0] == nil }
                let run = FinalRun(state: state, first: first, last: last)
                #expect(runs.insert(run) == isFree)
                if isFree { for sequence in first...last { table[sequence] = state } }
            }
            for sequence in 0...90 as ClosedRange<UInt64> {
                #expect(runs.run(of: sequence)?.state == table[sequence])
                #expect(runs.count(through: sequence) == table.keys.count { $0 <= sequence })
            }
            #expect(runs.accepted == table.values.count { $0 == .accepted })
            #expect(runs.rejected == table.values.count { $0 == .rejected })
            #expect(runs.givenUp == table.values.count { $0 == .givenUp })
            #expect(runs.unconfirmed == table.values.count { $0 == .unconfirmed })
            for (left, right) in zip(runs.runs, runs.runs.dropFirst()) {
                #expect(left.last < right.first)
                #expect(left.last + 1 < right.first || left.state != right.state)
            }
        }
    }

    @Test("messages that are accepted in order take no memory")
    func inOrder() {
        var state = state([.numbered(first: 1, last: 10_000_000)])
        for first in stride(from: UInt64(1), to: 10_000_000, by: 100) {
            let isConsistent = state.apply(run(.accepted, first, first + 99))
            #expect(isConsistent)
        }
        #expect(state.addresses[0].finals.runs.count == 1)
        #expect(state.addresses[0].finals.accepted == 10_000_000)
        #expect(state.contents.isEmpty)
    }

    @Test("contents are kept until their message is final")
    func contents() {
        let placed = JournalSample.placed.states.last
        #expect(placed?.inputOffset == 321)
        #expect(
            placed?.contents == [
                3: .place(offset: 14, length: 300), 4: .place(offset: 314, length: 7),
            ])
        let payloads = JournalSample.payloads.states.last
        #expect(payloads?.contents == [3: .payload([UInt8](repeating: 7, count: 200))])
    }

    @Test(
        "contradictions are found",
        arguments: [
            [.numbered(first: 2, last: 3)],
            [.numbered(first: 0, last: 3)],
            [.numbered(first: 1, last: .max)],
            [run(.accepted, 1, 1)],
            [.numbered(first: 1, last: 9), run(.accepted, 9, 10)],
            [.numbered(first: 1, last: 9), run(.accepted, 0, 1)],
            [.numbered(first: 1, last: 9), run(.accepted, 3, 5), run(.rejected, 5, 6)],
            [.numbered(first: 1, last: 9), .numbered(first: 9, last: 12)],
            [.placed(first: 1, offset: .max, lengths: [1])],
            [.placed(first: 1, offset: 0, lengths: [])],
            [
                .placed(first: 1, offset: 10, lengths: [5]),
                .placed(first: 2, offset: 14, lengths: [1]),
            ],
            [.payload(sequence: 1, bytes: []), .payload(sequence: 1, bytes: [])],
            [
                .payload(sequence: 1, bytes: []), run(.accepted, 1, 1),
                .payload(sequence: 1, bytes: []),
            ],
            [.payload(sequence: .max, bytes: [])],
            [.runBegan, .numbered(first: 1, last: 2), .position(lastSequence: 5, inputOffset: 0)],
            [.passed(through: 2), .passed(through: 1)],
            [.position(lastSequence: .max - 1, inputOffset: 1)],
            [.placed(first: 1, offset: 0, lengths: [1, 0])],
            [
                .position(lastSequence: 1, inputOffset: 4),
                .placed(first: 1, offset: 4, lengths: [1]),
            ],
            [.untaken(from: 0)],
            [.untaken(from: 2)],
        ] as [[JournalRecord]])
    func contradictions(records: [JournalRecord]) {
        var state = JournalState()
        let results = records.map { state.apply($0) }
        #expect(results == records.indices.map { $0 < records.count - 1 })
    }

    @Test("the summary has the same numbers")
    func summary() {
        for sample in JournalSample.all {
            for expected in sample.states {
                let count = expected.addresses.count
                // A note behind a summary names its address.
                let again = state(
                    expected.summary + [.address(UInt64(expected.current))], addressCount: count)
                #expect(again == expected)
                #expect(
                    again.addresses.map(\.doubtfulCount) == expected.addresses.map(\.doubtfulCount))
            }
        }
    }

    @Test("each address has an account of its own")
    func severalAddresses() throws {
        let state = try #require(JournalSample.countedForTwo.states.last)
        #expect(state.lastSequences == [8192, 256])
        #expect(state.addresses.map(\.finals.accepted) == [5000, 10])
        #expect(state.addresses.map(\.finals.rejected) == [0, 1])
        // The first run took up to 5100 and 20; in the second any of the others may have been sent.
        #expect(state.addresses.map(\.doubtfulCount) == [3192, 245])
    }

    @Test("the content of an input is kept until its message is final for every address")
    func sharedContents() throws {
        let state = try #require(JournalSample.payloadsForTwo.states.last)
        #expect(state.contents.keys.sorted() == [1, 3])
        #expect(state.isComplete(for: .jsonPipe))
        #expect(state.lastSequences == [3, 3])
    }

    @Test("an address that the header does not name is a contradiction")
    func unknownAddress() {
        var state = JournalState(addressCount: 2)
        let results = [JournalRecord.address(1), .address(2)].map { state.apply($0) }
        #expect(results == [true, false])
    }

    @Test("only messages that may have been sent are in doubt")
    func doubtful() {
        let first: [JournalRecord] = [
            .runBegan, .numbered(first: 1, last: 256), run(.accepted, 1, 90),
            run(.rejected, 95, 95),
        ]
        // Killed: any of the others may have been sent.
        #expect(state(first).addresses[0].doubtfulCount == 165)
        // Ended in order, when 100 had been taken.
        let ended = first + [.untaken(from: 101)]
        #expect(state(ended).addresses[0].doubtfulCount == 9)
        // The next run sends some of them again, and ends before it comes to the others.
        let next = ended + [.runBegan, run(.accepted, 91, 92), .untaken(from: 94)]
        #expect(state(next).addresses[0].doubtfulCount == 7)
        // Killed in the next run.
        #expect(state(ended + [.runBegan]).addresses[0].doubtfulCount == 165)
    }
}
