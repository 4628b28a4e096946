// Distribution of times.
// SPDX-License-Identifier: Apache-2.0

/// Counts times in buckets, of which each is 1/64 as wide as the times in it at most, so that a quantile is off by
/// less than 1 %.
///
/// Its size does not depend on what is added: 19 KB, and none before the first time. Count, minimum, maximum and
/// mean are exact. Units: microseconds.
public struct Histogram: Sendable, Hashable {
    /// 2 to the power of this is the number of buckets that a doubling is divided into.
    private static let precision = 6
    /// Longer times count as this one: 50 days.
    private static let valueMax: Microseconds = 1 << 42 - 1

    /// The bucket of a time.
    private static func index(of value: Microseconds) -> Int {
        let shift = Swift.max(0, Int64.bitWidth - value.leadingZeroBitCount - 1 - precision)
        return shift << precision + Int(value >> Int64(shift))
    }

    private static let bucketCount = index(of: valueMax) + 1

    /// The middle of a bucket.
    private static func middle(of index: Int) -> Microseconds {
        let shift = Swift.max(0, index >> precision - 1)
        let lowest = Microseconds(index - shift << precision) << Microseconds(shift)
        return lowest + (1 << Microseconds(shift) - 1) / 2
    }

    /// Empty, or a number for each bucket.
    private var counts: [UInt64] = []
    private var sum = 0.0
    /// Times that were added.
    public private(set) var count = 0
    /// The shortest; meaningless without any.
    public private(set) var min = Microseconds.max
    /// The longest; 0 without any.
    public private(set) var max: Microseconds = 0

    /// An empty distribution.
    public init() {}

    /// The mean; 0 without any.
    public var mean: Microseconds {
        count > 0 ? Microseconds((sum / Double(count)).rounded()) : 0
    }

    /// The total of all times.
    public var total: Microseconds { Microseconds(sum.rounded()) }

    /// Adds a time, or several of the same length; a negative one counts as 0.
    public mutating func add(_ value: Microseconds, count added: Int = 1) {
        let value = Swift.min(Swift.max(value, 0), Self.valueMax)
        if counts.isEmpty { counts = Array(repeating: 0, count: Self.bucketCount) }
        counts[Self.index(of: value)] += UInt64(added)
        sum += Double(value) * Double(added)
        count += added
        min = Swift.min(min, value)
        max = Swift.max(max, value)
    }

    /// The time that this part of all, from 0 to 1, does not exceed; 0 without any.
    public func quantile(_ part: Double) -> Microseconds {
        guard count > 0 else { return 0 }
        let rank = UInt64(Swift.max(1, (part * Double(count)).rounded(.up)))
        var reached: UInt64 = 0
        for (index, number) in counts.enumerated() where number > 0 {
            reached += number
            if reached >= rank {
                return Swift.min(Swift.max(Self.middle(of: index), min), max)
            }
        }
        return max
    }

    /// Returns the values added since an earlier state; minimum and maximum are off by less than 1 %.
    public func added(since earlier: Histogram) -> Histogram {
        guard earlier.count > 0 else { return self }
        var added = Histogram()
        guard count > earlier.count else { return added }
        added.counts = zip(counts, earlier.counts).map { $0 - $1 }
        added.count = count - earlier.count
        added.sum = sum - earlier.sum
        let lowest = added.counts.firstIndex { $0 > 0 }.map(Self.middle) ?? 0
        let highest = added.counts.lastIndex { $0 > 0 }.map(Self.middle) ?? 0
        added.min = Swift.max(min, lowest)
        added.max = Swift.min(max, highest)
        return added
    }
}

/// Latencies of the messages, and interruptions, of a run.
public struct Timings: Sendable, Hashable {
    /// Of each message with an outcome, the time from its first send to its final outcome; with a
    /// ``SendPace/rate``, from when it was due.
    public var latencies = Histogram()
    /// Of each link, the times from a loss to the next credit, the present one included.
    public var interruptions = Histogram()

    /// No times.
    public init() {}
}
