// Randomly damaged journals.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Testing

@testable import SenderCommand

/// Every run has the same seeds; the first failure ends it and names its own.
@Suite(.endsIfItHangs) struct JournalFuzzTests {
    @Test("a mutated journal never says what was not written")
    func mutated() throws {
        let samples = JournalSample.all.flatMap { sample in
            var marked = sample
            marked.mark()
            marked.append(.runBegan)
            return [sample, marked]
        }
        for seed in 0..<20_000 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            let sample = samples[Int(seed) % samples.count]
            var bytes = sample.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, &random) }
            let untouched = zip(bytes, sample.bytes).prefix { $0 == $1 }.count
            guard let replay = try? replay(bytes) else { continue }
            let end = Int(replay.end)
            let index = try #require(sample.ends.firstIndex(of: end), "seed \(seed)")
            try #require(replay.state == sample.states[index], "seed \(seed)")
            try #require(index >= sample.recordCount(before: untouched), "seed \(seed)")
        }
    }

    @Test("records of any content are taken in or refused")
    func anyRecords() throws {
        for seed in 0..<20_000 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            var state = JournalState()
            for _ in 0..<20 {
                guard let kind = JournalRecord.Kind.allCases.randomElement(using: &random) else {
                    return
                }
                let body = randomBody(&random)
                guard let record = JournalRecord(kind, body: body[...]) else { continue }
                var written: [UInt8] = []
                record.appendBody(to: &written)
                try #require(written == body, "seed \(seed)")
                let before = state
                if !state.apply(record) { state = before }
                try #require(state.addresses[0].finals.count <= state.lastSequence, "seed \(seed)")
                try #require(state.addresses[0].doubtfulCount <= state.lastSequence, "seed \(seed)")
            }
            var again = JournalState()
            let results = state.summary.map { again.apply($0) }
            try #require(results.allSatisfy { $0 } && again == state, "seed \(seed)")
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout RandomSource) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: bytes.indices, using: &random)
        let end = min(bytes.count, index + Int.random(in: 1...40, using: &random))
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[index] = .random(in: 0...255, using: &random)
        case 2: bytes.removeSubrange(index...)
        case 3: bytes.removeSubrange(index..<end)
        case 4: bytes.insert(contentsOf: bytes[index..<end], at: index)
        case 5: for place in index..<end { bytes[place] = 0 }
        default: bytes += bytes[index..<end]
        }
    }

    /// Small numbers, mostly, so that many bodies make some sense; now and then an enormous one.
    private func randomBody(_ random: inout RandomSource) -> [UInt8] {
        (0..<Int.random(in: 0...5, using: &random)).flatMap { _ -> [UInt8] in
            var number: [UInt8] = []
            let isEnormous = Int.random(in: 0..<10, using: &random) == 0
            number.appendNumber(.random(in: isEnormous ? 1 << 60 ... .max : 0...6, using: &random))
            return number
        }
    }
}
