// The waits between attempts, their jitter, and the numbers it is drawn from.
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import LinkRecovery
import Testing

@Suite struct RetryPolicyTests {
    @Test("the table of the doc comment is right")
    func table() throws {
        let rows = try tableRows()
        let attempts = rows[0].compactMap { Int($0) }
        let delays = rows[1].compactMap { Milliseconds($0) }
        #expect(attempts == Array(1...8))
        let policy = RetryPolicy(interval: 100, multiplier: 2, maximum: 5_000)
        #expect(delays == attempts.map { policy.delay(attempt: $0) })
        #expect(delays == [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    }

    /// The rows of numbers in the source, read from the file itself.
    private func tableRows() throws -> [[Substring]] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let path = "../../Sources/LinkRecovery/RetryPolicy.swift"
        let source = try String(contentsOf: tests.appending(path: path), encoding: .utf8)
        return source.split(separator: "\n")
            .filter { $0.hasPrefix("/// | attempt") || $0.hasPrefix("/// | delay") }
            .map { $0.split(whereSeparator: { " |".contains($0) }) }
    }

    @Test("by default every wait is two seconds")
    func byDefault() {
        let policy = RetryPolicy()
        #expect(
            [1, 2, 3, 1_000, .max].map { policy.delay(attempt: $0) }.allSatisfy { $0 == 2_000 })
        #expect(policy.attempts == -1)
    }

    @Test("the maximum follows a longer interval")
    func longerInterval() {
        #expect(RetryPolicy(interval: 7_000).maximum == 7_000)
        #expect(RetryPolicy(interval: 100).maximum == 2_000)
    }

    @Test(
        "no wait is longer than the maximum or shorter than the interval",
        arguments: [1, 1.5, 10, 1e300, .infinity])
    func bounds(multiplier: Double) {
        let policy = RetryPolicy(interval: 3, multiplier: multiplier, maximum: 10_000)
        for attempt in [1, 2, 3, 50, 100_000] {
            #expect((3...10_000).contains(policy.delay(attempt: attempt)))
        }
    }

    @Test("jitter stays within its bounds and reaches both")
    func jitter() {
        let policy = RetryPolicy(interval: 10, jitter: 0.5)
        var random = RandomSource(seed: 7)
        let delays = Set((1...1_000).map { _ in policy.delay(attempt: 1, using: &random) })
        #expect(delays == Set(5...10))
    }

    @Test("full jitter goes down to no wait at all")
    func fullJitter() {
        let policy = RetryPolicy(interval: 3, jitter: 1)
        var random = RandomSource(seed: 7)
        let delays = Set((1...1_000).map { _ in policy.delay(attempt: 1, using: &random) })
        #expect(delays == [0, 1, 2, 3])
    }

    @Test("the longest of waits can be drawn", arguments: [0, 1e-17, 0.1, 0.5, 1])
    func longestWait(jitter: Double) {
        let policy = RetryPolicy(interval: .max, multiplier: 2, jitter: jitter)
        var random = RandomSource(seed: 7)
        #expect(policy.delay(attempt: 3, using: &random) >= 0)
    }

    @Test("the same seed gives the same waits, another seed others")
    func seeds() {
        let policy = RetryPolicy(interval: 1_000, jitter: 1)
        func delays(seed: UInt64) -> [Milliseconds] {
            var random = RandomSource(seed: seed)
            return (1...20).map { policy.delay(attempt: $0, using: &random) }
        }
        #expect(delays(seed: 1) == delays(seed: 1))
        #expect(delays(seed: 1) != delays(seed: 2))
    }

    @Test("the generator gives SplitMix64's published numbers")
    func generator() {
        var random = RandomSource(seed: 1_234_567)
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
        var bounded = RandomSource(seed: 1)
        #expect((1...100).allSatisfy { _ in bounded.next(upTo: 3) <= 3 })
        #expect(bounded.next(upTo: 0) == 0)
        _ = bounded.next(upTo: .max)
    }

    @Test("a whole run's waits can be replayed")
    func replay() {
        func waits(seed: UInt64) -> [Milliseconds?] {
            var run = Run(messages: 1, seed: seed) { $0.retry.jitter = 0.9 }
            run.open(credit: 1)
            return (1...10).map { _ in
                run.loseLink()
                let wait = run.wait
                run.reattach(credit: 1)
                return wait
            }
        }
        #expect(waits(seed: 3) == waits(seed: 3))
        #expect(waits(seed: 3) != waits(seed: 4))
    }
}
