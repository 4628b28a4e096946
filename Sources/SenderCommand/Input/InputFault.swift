// Errors of an input, and its end.
// SPDX-License-Identifier: Apache-2.0

/// The reason why a text can't become a message.
struct BadMessage: Error, Hashable {
    /// Continues a sentence; quoted user text is escaped.
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// An error that ends the input early.
enum InputFault: Error, Hashable {
    /// This line can't become a message.
    case badLine(UInt64, reason: String)
    /// The content can't become this message.
    case badContent(sequence: UInt64, reason: String)
    /// Reading failed.
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

    /// The `end` of the event `closed`.
    var code: String { isBadData ? "bad_data" : "input_failed" }

    /// Whether the data is at fault, not the system.
    var isBadData: Bool {
        switch self {
        case .badLine, .badContent: true
        case .unreadable: false
        }
    }
}

/// The end of an input, and what was read of it but not taken.
struct InputEnd: Hashable {
    /// nil: the input or the run ended normally.
    var fault: InputFault?
    /// Reading was stopped before the end of the input.
    var isStopped = false
    /// The reader did not end within the limit: what it had read of a pipe may be missing from the counts.
    var isUncounted = false
    /// Messages read from a pipe behind the faulty line.
    var behind: [EncodedMessage] = []
    /// Messages read from a regular file and not taken.
    var waitingCount = 0
    /// Messages of a regular file that were taken and stand behind the place where it was left.
    var repeatedCount = 0
    /// Messages read from a pipe and not taken.
    var lostCount = 0
    /// Of these, messages that the journal keeps for the next run.
    var keptCount = 0
    /// Lines read from a pipe behind the last message wanted, or behind a faulty line and faulty
    /// themselves, or that would have taken too much memory to be kept.
    var lostLineCount = 0
    /// Bytes read from a pipe of a line whose end was not read.
    var lostPartByteCount = 0
    /// Bytes of a line whose beginning an earlier run read.
    var restByteCount = 0
    /// Bytes of an unterminated last line of a regular file.
    var heldByteCount = 0
    /// Bad lines that were passed over.
    var badLineCount = 0
    /// Whether these are in the rejected file.
    var areBadLinesKept = false
    /// The first message begins with the input's byte-order mark.
    var hasByteOrderMark = false

    /// Moves messages from lost to kept: the journal has them.
    mutating func keep(_ count: Int) {
        keptCount += count
        lostCount -= count
    }

    /// Lines read and not taken, for the summary.
    var notTakenCount: Int {
        var count = waitingCount + lostCount + keptCount + lostLineCount + badLineCount
        count += [lostPartByteCount, restByteCount, heldByteCount].count { $0 > 0 }
        if case .badLine = fault { count += 1 }
        return count
    }

    /// Sentences about input that was read and not taken.
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
        if badLineCount > 0 {
            sentences.append(
                "\(counted(badLineCount, "line")) of standard input \(badLineCount == 1 ? "was" : "were") "
                    + "bad data and "
                    + (areBadLinesKept ? "kept in the rejected file" : "skipped"))
        }
        if repeatedCount > 0 {
            sentences.append(
                "standard input was left at the first message that was not taken: the next run that reads "
                    + "on there sends \(counted(repeatedCount, "message")) behind it again")
        }
        if let lossSentence { sentences.append(lossSentence) }
        if keptCount > 0 {
            sentences.append(
                "the journal keeps \(counted(keptCount, "message")) for the next run, read from "
                    + "standard input and not taken")
        }
        if isUncounted {
            sentences.append(
                "the reading of standard input did not end in time: lines that had been read from it may be lost "
                    + "without being counted")
        }
        if heldByteCount > 0 {
            sentences.append(
                "the last line of standard input, \(counted(heldByteCount, "byte")), has no end yet "
                    + "and was not taken: end the line, and run the same command again")
        }
        return sentences
    }

    /// A sentence about input that no later run can read; nil for none.
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
