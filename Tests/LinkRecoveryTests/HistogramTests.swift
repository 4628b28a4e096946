// The distribution of times against sorted numbers.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinkRecovery

@Suite struct HistogramTests {
    /// Within 1 %, or a microsecond.
    private func isNear(_ value: Microseconds, _ expected: Microseconds) -> Bool {
        abs(value - expected) <= max(1, expected / 100)
    }

    /// The number that this part of sorted ones does not exceed.
    private func quantile(_ part: Double, of sorted: [Microseconds]) -> Microseconds {
        sorted[max(1, Int((part * Double(sorted.count)).rounded(.up))) - 1]
    }

    private func numbers(_ random: inout RandomSource) -> [Microseconds] {
        let count = Int.random(in: 1...2000, using: &random)
        let bits = Int64.random(in: 1...41, using: &random)
        return (0..<count).map { _ in
            // Of all sizes, not only of the largest.
            let bits = Int64.random(in: 1...bits, using: &random)
            return .random(in: 0..<(1 << bits), using: &random)
        }
    }

    @Test("each figure is that of the sorted numbers", arguments: 1...200 as ClosedRange<UInt64>)
    func figures(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let numbers = numbers(&random)
        var histogram = Histogram()
        for number in numbers { histogram.add(number) }
        let sorted = numbers.sorted()
        #expect(histogram.count == numbers.count)
        #expect(histogram.min == sorted.first && histogram.max == sorted.last)
        let sum = numbers.reduce(0.0) { $0 + Double($1) }
        #expect(histogram.mean == Microseconds((sum / Double(numbers.count)).rounded()))
        for part in [0, 0.001, 0.25, 0.5, 0.95, 0.99, 0.999, 1] {
            let (value, expected) = (histogram.quantile(part), quantile(part, of: sorted))
            #expect(isNear(value, expected), "\(part): \(value) instead of \(expected)")
        }
    }

    @Test(
        "what was added since is told from what was there", arguments: 1...50 as ClosedRange<UInt64>
    )
    func since(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let (first, second) = (numbers(&random), numbers(&random))
        var histogram = Histogram()
        for number in first { histogram.add(number) }
        let earlier = histogram
        #expect(histogram.added(since: earlier).count == 0)
        for number in second { histogram.add(number) }
        #expect(histogram.added(since: Histogram()) == histogram)
        let added = histogram.added(since: earlier)
        let sorted = second.sorted()
        #expect(added.count == second.count)
        #expect(isNear(added.min, sorted[0]) && isNear(added.max, sorted[sorted.count - 1]))
        #expect(isNear(added.quantile(0.5), quantile(0.5, of: sorted)))
        #expect(isNear(added.mean, second.reduce(0, +) / Int64(second.count)))
    }

    @Test("several of a length, the least, the most, and none")
    func edges() {
        var histogram = Histogram()
        #expect(histogram.quantile(0.5) == 0 && histogram.mean == 0 && histogram.max == 0)
        histogram.add(7, count: 3)
        #expect(histogram.count == 3 && histogram.mean == 7 && histogram.total == 21)
        histogram.add(-5)
        #expect(histogram.min == 0)
        for value in [127, 128, 129, 1 << 42, Int64.max] as [Microseconds] { histogram.add(value) }
        #expect(histogram.max == 1 << 42 - 1 && isNear(histogram.quantile(1), 1 << 42 - 1))
    }
}
