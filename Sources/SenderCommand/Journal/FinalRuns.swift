// The final states of all messages, run-length encoded.
// SPDX-License-Identifier: Apache-2.0

/// The final state of a message.
enum FinalState: Hashable, CaseIterable, Sendable {
    case accepted
    case rejected
    case givenUp
    /// Sent pre-settled.
    case unconfirmed
}

/// Consecutive messages with the same final state.
struct FinalRun: Hashable, Sendable {
    var state: FinalState
    var first: UInt64
    var last: UInt64

    var count: UInt64 { last - first + 1 }
}

/// The final messages, one entry per run of equal states.
struct FinalRuns: Equatable, Sendable {
    /// Sorted and disjoint; adjacent runs differ in state.
    private(set) var runs: [FinalRun] = []
    private(set) var accepted: UInt64 = 0
    private(set) var rejected: UInt64 = 0
    private(set) var givenUp: UInt64 = 0
    private(set) var unconfirmed: UInt64 = 0

    var count: UInt64 { accepted + rejected + givenUp + unconfirmed }

    /// The run of a message.
    func run(of sequence: UInt64) -> FinalRun? {
        let index = firstIndex(after: sequence)
        guard index > 0, runs[index - 1].last >= sequence else { return nil }
        return runs[index - 1]
    }

    /// The number of final messages up to and including this one.
    func count(through sequence: UInt64) -> UInt64 {
        if let last = runs.last, last.last <= sequence { return count }
        return runs.prefix(firstIndex(after: sequence)).reduce(0) {
            $0 + min($1.last, sequence) - $1.first + 1
        }
    }

    /// Adds messages; false, without a change, when one of them is final already.
    mutating func insert(_ run: FinalRun) -> Bool {
        let index = firstIndex(after: run.first)
        if index > 0, runs[index - 1].last >= run.first { return false }
        if index < runs.count, runs[index].first <= run.last { return false }
        tally(run)
        let joinsPrevious = index > 0 && touches(runs[index - 1], run)
        let joinsNext = index < runs.count && touches(run, runs[index])
        switch (joinsPrevious, joinsNext) {
        case (true, true):
            runs[index - 1].last = runs[index].last
            runs.remove(at: index)
        case (true, false):
            runs[index - 1].last = run.last
        case (false, true):
            runs[index].first = run.first
        case (false, false):
            runs.insert(run, at: index)
        }
        return true
    }

    private func touches(_ left: FinalRun, _ right: FinalRun) -> Bool {
        left.state == right.state && left.last + 1 == right.first
    }

    private mutating func tally(_ run: FinalRun) {
        switch run.state {
        case .accepted: accepted += run.count
        case .rejected: rejected += run.count
        case .givenUp: givenUp += run.count
        case .unconfirmed: unconfirmed += run.count
        }
    }

    /// Nearly always the end: messages become final about in order.
    private func firstIndex(after sequence: UInt64) -> Int {
        guard let last = runs.last, last.first > sequence else { return runs.count }
        var (low, high) = (0, runs.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].first > sequence { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
