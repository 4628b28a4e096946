// Replay of torn and damaged journals.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct JournalReplayTests {
    @Test("a sound journal is read to its end")
    func sound() throws {
        for sample in JournalSample.all {
            let replay = try replay(sample.bytes)
            #expect(replay.header == sample.header)
            #expect(replay.state == sample.states.last)
            #expect(replay.end == UInt64(sample.bytes.count))
        }
    }

    @Test("a torn tail is cut at the last whole record, wherever it is torn")
    func tornTail() throws {
        for sample in JournalSample.all {
            for byteCount in sample.ends[0]...sample.bytes.count {
                let replay = try replay(Array(sample.bytes.prefix(byteCount)))
                let count = sample.recordCount(before: byteCount)
                try #require(replay.end == UInt64(sample.ends[count]))
                try #require(replay.state == sample.states[count])
            }
        }
    }

    @Test("a part of a header is no journal")
    func partOfHeader() {
        let sample = JournalSample.counted
        for byteCount in 1..<sample.ends[0] {
            #expect(throws: JournalDamage.header) {
                try replay(Array(sample.bytes.prefix(byteCount)))
            }
        }
    }

    @Test("a flipped bit ends the journal before it")
    func flippedBit() throws {
        for sample in JournalSample.all {
            for bit in sample.ends[0] * 8..<sample.bytes.count * 8 {
                var bytes = sample.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                let replay = try replay(bytes)
                let count = sample.recordCount(before: bit / 8)
                try #require(replay.end == UInt64(sample.ends[count]))
                try #require(replay.state == sample.states[count])
            }
        }
    }

    @Test("a flipped bit before a mark is an error")
    func flippedBeforeMark() throws {
        for var sample in JournalSample.all {
            let flushedEnd = sample.bytes.count
            sample.mark()
            sample.append(.runBegan)
            for bit in 0..<flushedEnd * 8 {
                var bytes = sample.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                do {
                    _ = try replay(bytes)
                    Issue.record("bit \(bit) is flipped, and nothing is said")
                } catch let damage as JournalDamage {
                    guard bit / 8 >= sample.ends[0] else { continue }
                    let start = sample.ends[sample.recordCount(before: bit / 8)]
                    try #require(damage == .record(at: UInt64(start)))
                }
            }
        }
    }

    @Test("blocks that were never written are a torn tail")
    func unwrittenBlocks() throws {
        let sample = JournalSample.counted
        let zeros = [UInt8](repeating: 0, count: 5000)
        let replay = try replay(sample.bytes + zeros)
        #expect(replay.end == UInt64(sample.bytes.count))
        #expect(replay.state == sample.states.last)
    }

    @Test("blocks that are missing behind the last flush are a torn tail")
    func behindFlush() throws {
        var sample = JournalSample.counted
        sample.mark()
        let hole = sample.bytes.count
        sample.append(.numbered(first: 513, last: 768))
        let holeEnd = sample.bytes.count
        sample.append(.flushed(through: UInt64(hole)))
        sample.append(run(.accepted, 513, 513))
        var bytes = sample.bytes
        for index in hole..<holeEnd { bytes[index] = 0 }
        #expect(try replay(bytes).end == UInt64(hole))
    }

    @Test("a journal inside a message is not read")
    func insideAMessage() throws {
        // Not even this journal's own marks.
        var inner = JournalSample.counted
        inner.mark()
        var sample = JournalSample(input: .pipe, [.runBegan])
        let start = sample.bytes.count
        sample.append(.payload(sequence: 1, bytes: inner.bytes))
        var bytes = sample.bytes
        bytes[start] ^= 1
        let replay = try replay(bytes)
        #expect(replay.end == UInt64(start))
    }

    @Test("a long journal is read in pieces")
    func longJournal() throws {
        // Records of all lengths, so that they lie across the borders in every way.
        var sample = JournalSample(input: .pipe, [.runBegan])
        for sequence in 1...400 as ClosedRange<UInt64> {
            let payload = [UInt8](
                repeating: UInt8(sequence % 256), count: Int(sequence * 37 % 9000))
            sample.append(.payload(sequence: sequence, bytes: payload))
            if sequence % 3 == 0 { sample.append(run(.accepted, sequence - 2, sequence)) }
        }
        #expect(sample.bytes.count > 1_000_000)
        let whole = try replay(sample.bytes)
        #expect(whole.state == sample.states.last)

        // And the search for a mark goes through all the pieces, too.
        for offset in stride(from: -100, through: 0, by: 4) {
            var marked = sample
            let damaged = marked.ends[2]
            let filling = 2 * 256 * 1024 + damaged + 1 + offset - marked.bytes.count % (256 * 1024)
            marked.append(
                .payload(sequence: 401, bytes: [UInt8](repeating: 1, count: filling)))
            marked.mark()
            var bytes = marked.bytes
            bytes[damaged + 8] ^= 0x10
            #expect(throws: JournalDamage.record(at: UInt64(damaged))) { try replay(bytes) }
        }
    }

    @Test("a wrong record with a right checksum is an error")
    func wrongRecord() throws {
        var sample = JournalSample.counted
        let end = sample.bytes.count
        sample.append(run(.rejected, 5, 5))
        #expect(throws: JournalDamage.contradiction(at: UInt64(end))) { try replay(sample.bytes) }
    }
}
