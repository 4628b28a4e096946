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
    /// Messages that come only once, were read and not taken.
    var lostCount = 0
    /// Bytes of a line whose end was not read yet; they come only once.
    var lostPartByteCount = 0

    /// What is lost to another run, in a sentence; nil when nothing is.
    var lossSentence: String? {
        var parts: [String] = []
        if lostCount > 0 { parts.append(counted(lostCount, "message")) }
        if lostPartByteCount > 0 {
            parts.append("the first \(counted(lostPartByteCount, "byte")) of a line")
        }
        guard !parts.isEmpty else { return nil }
        return "\(parts.joined(separator: " and ")) had been read from standard input and "
            + "\(lostCount + min(lostPartByteCount, 1) == 1 ? "was" : "were") not taken"
    }
}
