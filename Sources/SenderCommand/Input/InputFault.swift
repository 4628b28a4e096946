// Why an input ends before its end.
// SPDX-License-Identifier: Apache-2.0

/// What makes a text no message.
struct BadMessage: Error, Hashable {
    /// A part of a sentence; may hold the user's words, fit to be printed.
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// Why nothing more is taken from an input.
enum InputFault: Error, Hashable {
    /// What stands in this line is no message.
    case badLine(UInt64, reason: String)
    /// What this message would be is none.
    case badContent(sequence: UInt64, reason: String)
    /// The system refuses to read on.
    case unreadable(SystemError)

    var sentence: String {
        switch self {
        case .badLine(let number, let reason):
            "line \(number) of standard input \(reason); nothing from there on was taken"
        case .badContent(let sequence, let reason):
            "the content of message \(sequence) \(reason); nothing from there on was taken"
        case .unreadable(let error):
            "standard input could not be read: \(error); nothing from there on was taken"
        }
    }

    /// Its name for a program, as the end of a run.
    var code: String { isBadData ? "bad_data" : "input_failed" }

    /// Whether the input itself is to blame.
    var isBadData: Bool {
        switch self {
        case .badLine, .badContent: true
        case .unreadable: false
        }
    }
}

/// How an input has ended.
struct InputEnd: Hashable {
    /// nil: at its end, or when the run did.
    var fault: InputFault?
    /// The reader was asked to read no more before it came to the end.
    var isStopped = false
    /// Messages that were read behind the fault of an input that comes only once.
    var behind: [ReadMessage] = []
    /// Messages of a regular file that were read and not taken.
    var waitingCount = 0
    /// Messages that come only once, were read and not taken.
    var lostCount = 0
    /// Such messages that another run will send, for the journal has them.
    var keptCount = 0
    /// Lines that come only once, were read, and stand behind the last message that was wanted, or
    /// are none behind a fault.
    var lostLineCount = 0
    /// Bytes of a line whose end was not read yet; they come only once.
    var lostPartByteCount = 0
    /// Bytes of a line whose beginning an earlier run has read.
    var restByteCount = 0
    /// Bytes of the last line of a regular file that has no end yet.
    var heldByteCount = 0
    /// The first message has the byte-order mark that the input began with.
    var hasByteOrderMark = false

    /// Says that the journal has so many of the messages that come only once.
    mutating func keep(_ count: Int) {
        keptCount += count
        lostCount -= count
    }

    /// What was read and not taken, for the account: each line of it counts as one.
    var notTakenCount: Int {
        var count = waitingCount + lostCount + keptCount + lostLineCount
        count += [lostPartByteCount, restByteCount, heldByteCount].count { $0 > 0 }
        if case .badLine = fault { count += 1 }
        return count
    }

    /// What became of that, a sentence each.
    var sentences: [String] {
        var sentences: [String] = []
        if hasByteOrderMark {
            sentences.append(
                "standard input began with a byte-order mark, which is the beginning of message 1")
        }
        if restByteCount > 0 {
            sentences.append(
                "the rest of a line, \(counted(restByteCount, "byte")), was dropped: an earlier run "
                    + "had read its beginning from the same pipe")
        }
        if let lossSentence { sentences.append(lossSentence) }
        if keptCount > 0 {
            sentences.append(
                "the journal keeps \(counted(keptCount, "message")) for the next run, read from "
                    + "standard input and not taken")
        }
        if heldByteCount > 0 {
            sentences.append(
                "the last line of standard input, \(counted(heldByteCount, "byte")), has no end yet "
                    + "and was not taken: end the line, and run the same command again")
        }
        return sentences
    }

    /// What is lost to another run; nil when nothing is.
    private var lossSentence: String? {
        var parts: [String] = []
        if lostCount > 0 { parts.append(counted(lostCount, "message")) }
        if lostLineCount > 0 { parts.append(counted(lostLineCount, "line")) }
        if lostPartByteCount > 0 {
            parts.append("the first \(counted(lostPartByteCount, "byte")) of a line")
        }
        guard let last = parts.popLast() else { return nil }
        let what = parts.isEmpty ? last : "\(parts.joined(separator: ", ")) and \(last)"
        let count = lostCount + lostLineCount + min(lostPartByteCount, 1)
        return "\(what) had been read from standard input and \(count == 1 ? "was" : "were") not "
            + "taken"
    }
}
