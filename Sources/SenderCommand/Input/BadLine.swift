// Lines that can't become messages, and are passed over.
// SPDX-License-Identifier: Apache-2.0

/// A line that can't become a message.
struct BadLine: Sendable, Hashable {
    /// Counts from 1.
    var number: UInt64
    /// Continues a sentence, as in ``BadMessage``.
    var reason: String
    /// The line, or the beginning of one that is too long; nil: it is not kept.
    var bytes: [UInt8]?
    /// The first message behind it.
    var nextSequence: UInt64
    /// Offset in the input behind it.
    var end: UInt64

    /// Size counted against the bound of the queue.
    var cost: Int { bytes?.count ?? 0 }
}

/// Counts, keeps and reports bad lines.
///
/// - Isolation: the container's loop.
final class BadLines {
    /// Bad lines so far.
    private(set) var count = 0
    /// Gets each line.
    var onLine: ((BadLine) -> Void)?
    /// Gets a report once an interval at most, and the last one at the end.
    var onReport: ((BadLineReport) -> Void)?
    /// Whether a journal may note what is behind the lines only once they are on the disk.
    let mustBeDurable: Bool

    private static let interval: Duration = .seconds(1)

    /// nil: they are only counted.
    private let file: RejectedFile?
    private let now: () -> ContinuousClock.Instant
    private var lastReport: ContinuousClock.Instant?
    /// The newest line, and how many with it were not reported.
    private var unreported: (line: BadLine, count: Int)?
    /// End of the newest line in the rejected file.
    private var keptEnd: UInt64 = 0

    /// With a file, the lines are kept there.
    init(
        keptIn file: RejectedFile?, mustBeDurable: Bool = false,
        now: @escaping () -> ContinuousClock.Instant = { .now }
    ) {
        self.file = file
        self.mustBeDurable = mustBeDurable
        self.now = now
    }

    var areKept: Bool { file != nil }

    /// Takes lines, in their order.
    func add(_ lines: [BadLine]) {
        guard let last = lines.last else { return }
        count += lines.count
        unreported = (last, (unreported?.count ?? 0) + lines.count)
        if let file {
            for line in lines { file.append(RejectedMessage(line).line) }
            keptEnd = file.appendedEnd
        }
        if let onLine { lines.forEach(onLine) }
        reportIfDue()
    }

    /// Whether what is behind the lines may be sent.
    var areRecorded: Bool {
        guard mustBeDurable, let file else { return true }
        return file.durableEnd() >= keptEnd
    }

    /// Reports lines that have waited long enough.
    func reportIfDue() {
        guard unreported != nil else { return }
        let now = now()
        if let lastReport, now - lastReport < Self.interval { return }
        lastReport = now
        reportRest()
    }

    /// Reports lines that still wait.
    func reportRest() {
        guard let (line, count) = unreported else { return }
        unreported = nil
        onReport?(BadLineReport(line: line, count: count, action: areKept ? .keep : .skip))
    }
}

/// The newest bad line, and how many came with it.
struct BadLineReport: Hashable {
    /// The action that was taken on the lines.
    enum Action: String {
        case skip, keep
        /// Nothing: it is a dry run.
        case find
    }

    var line: BadLine
    /// Lines since the last report, including this one.
    var count = 1
    var action: Action

    var sentence: String {
        let others = count > 1 ? ", and \(counted(count - 1, "line")) before it" : ""
        let what =
            switch action {
            case .skip: "; it was skipped" + others
            case .keep: "; it was kept in the rejected file" + others
            case .find: ""
            }
        return "line \(line.number) of standard input \(line.reason)\(what)"
    }
}
