// The journal after a power cut.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Glibc
import LinkRecovery
import ReliableSender
import Synchronization
import Testing

@testable import SenderCommand

/// A disk that has only what was flushed.
private final class Platter: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func flush(_ file: OpenFile) throws(SystemError) {
        let size = try file.size
        let now = try file.read(at: 0, byteCount: size)
        bytes.withLock { $0 = now }
    }

    var contents: [UInt8] { bytes.withLock { $0 } }
}

extension OpenFile {
    fileprivate var size: Int {
        get throws(SystemError) { Int(try status.st_size) }
    }
}

@Suite(.endsIfItHangs) struct PowerCutTests {
    /// Each run ends with a power cut, in order, or both: what was flushed is left, and more or less of
    /// what came behind.
    @Test("no more messages arrive a second time than is said, and none is lost")
    func noMoreThanIsSaid() throws {
        for seed in 0..<60 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            let directory = try JournalDirectory()
            let count = 700
            var final: Set<UInt64> = []
            var sent: Set<UInt64> = []
            for _ in 0..<8 {
                let platter = Platter()
                let journal = try Journal(OpenedJournal(directory.request())) {
                    file throws(SystemError) in try platter.flush(file)
                }
                let doubtful = sent.filter { journal.state.addresses[0].finals.run(of: $0) == nil }
                try #require(
                    UInt64(doubtful.count) <= journal.resumption?.inDoubt ?? 0, "seed \(seed)")
                // Whatever is known to be final is.
                let known = journal.state.addresses[0].finals.runs.flatMap { $0.first...$0.last }
                try #require(final.isSuperset(of: known), "seed \(seed)")
                let source = JournaledSource(
                    try CountedMessages(count: count, prototype: Message()), journal: journal)
                var open: [UInt64] = []
                for _ in 0..<Int.random(in: 0...6, using: &random) {
                    for _ in 0..<Int.random(in: 0...90, using: &random) {
                        guard let next = try source.takeNext(journal) else { break }
                        open.append(next.sequence)
                        sent.insert(next.sequence)
                    }
                    open.shuffle(using: &random)
                    for sequence in open.prefix(60) {
                        journal.settle([sequence], as: .accepted)
                        final.insert(sequence)
                    }
                    open.removeFirst(min(60, open.count))
                    journal.endTurn()
                }
                if Bool.random(using: &random) { source.close() } else { journal.endFlusher() }
                guard Int.random(in: 0..<4, using: &random) > 0 else { continue }
                let (written, flushed) = (try directory.bytes, platter.contents.count)
                let left = Int.random(in: flushed...written.count, using: &random)
                try directory.write(Array(written[..<left]))
            }
        }
    }

    @Test("a run that ended in order leaves no false certainty to one that loses the power at once")
    func rightAfterTheStart() throws {
        let directory = try JournalDirectory()
        do {
            let journal = try directory.open()
            #expect(journal.admit([.numbered(first: 1, last: 256)]))
            journal.close(untakenFrom: [1])
        }
        let platter = Platter()
        do {
            let journal = try Journal(OpenedJournal(directory.request())) {
                file throws(SystemError) in try platter.flush(file)
            }
            let source = JournaledSource(
                try CountedMessages(count: 256, prototype: Message()), journal: journal)
            for _ in 1...256 { #expect(try source.takeNext(journal) != nil) }
        }
        try directory.write(platter.contents)
        #expect(try directory.open().resumption?.inDoubt == 256)
    }
}
