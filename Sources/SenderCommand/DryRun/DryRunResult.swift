// The result of --dry-run.
// SPDX-License-Identifier: Apache-2.0

/// The messages that a run would send.
struct DryRunResult: Hashable {
    /// URLs, without passwords.
    var addresses: [String]
    /// Whether only a time ends the messages, of which the first was made.
    var isEndless = false
    /// Messages for each address.
    var messageCount = 0
    /// Bytes of these, encoded.
    var byteCount = 0
    var largestByteCount = 0
    var badLineCount = 0
    /// Messages before the first bad line, if a run would end there.
    var sendableCount: Int?
    /// The error that ended the input.
    var fault: InputFault?
    /// A signal that came first.
    var signal: Int32?
    var action: OnBadData

    init(addresses: [String], action: OnBadData) {
        self.addresses = addresses
        self.action = action
    }

    mutating func add(byteCount: Int) {
        messageCount += 1
        self.byteCount += byteCount
        largestByteCount = max(largestByteCount, byteCount)
    }

    mutating func addBadLine() {
        badLineCount += 1
        if action == .stop, sendableCount == nil { sendableCount = messageCount }
    }

    var status: Int32 {
        if let signal { return ExitStatus.endedBySignal(signal) }
        if let fault { return fault.isBadData ? ExitStatus.badData : ExitStatus.couldNotFinish }
        if badLineCount == 0 { return ExitStatus.allAccepted }
        return action == .stop ? ExitStatus.badData : ExitStatus.someRefused
    }

    // MARK: For a person

    var lines: [String] {
        let each = addresses.count > 1 ? " for each address" : ""
        var lines = addresses.map { "address: \(printable($0, byteCountMax: .max))" }
        lines += [
            "messages: \(isEndless ? "no limit" : "\(messageCount)")\(each)", "bytes: \(byteCount)",
            "largest message: \(largestByteCount) bytes", "bad lines: \(badLineCount)",
        ]
        if let sendableCount {
            lines.append("a run would end at the first bad line, after message \(sendableCount)")
        }
        return lines
    }

    // MARK: For a program

    func write(to line: inout JSONLines) {
        line.field("addresses", addresses)
        line.field("status", Int(status))
        line.field("messages", messageCount)
        line.field("bytes", byteCount)
        line.field("largest_bytes", largestByteCount)
        line.field("bad_lines", badLineCount)
        if let sendableCount { line.field("sendable", sendableCount) }
        if let fault { line.field("text", fault.sentence, byteCountMax: 4096) }
    }
}
