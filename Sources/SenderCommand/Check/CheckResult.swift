// The result of --check for one router.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

/// The peer's description, and whether a run could send there.
struct CheckResult: Hashable {
    enum Verdict: Hashable {
        case credit
        case noCredit(within: Milliseconds)
        /// The condition, and all of it in a sentence.
        case noLink(ErrorCondition, String)
        case noConnection(ErrorCondition, String)
        /// A signal came first.
        case stopped
    }

    var endpoint: Endpoint
    /// Address of the target.
    var address: String
    /// nil when none has opened.
    var peer: PeerDescription?
    var verdict: Verdict

    /// The exit status for this result alone.
    var status: Int32 {
        switch verdict {
        case .credit: ExitStatus.allAccepted
        case .noCredit: ExitStatus.noCredit
        case .noLink, .noConnection, .stopped: ExitStatus.couldNotFinish
        }
    }

    /// Host and port, as in a URL.
    var router: String { endpoint.inURL }

    /// Level and condition of the failure, for a hint.
    var failure: (Hints.Level, ErrorCondition)? {
        switch verdict {
        case .credit, .stopped: nil
        case .noCredit: (.credit, .none)
        case .noLink(let condition, _): (.refusedLink, condition)
        case .noConnection(let condition, _): (.connecting, condition)
        }
    }

    /// The failure in a sentence; nil when there is credit.
    var sentence: String? {
        switch verdict {
        case .credit, .stopped: nil
        case .noCredit(let time): "\(router): \(Notice.noCredit(after: time).sentence)"
        case .noLink(_, let sentence), .noConnection(_, let sentence): "\(router): \(sentence)"
        }
    }

    // MARK: For a person

    /// One line per known property.
    var lines: [String] {
        var lines = ["router: \(router)", "address: \(printable(address))"]
        if let peer { lines += peer.lines }
        return lines + ["result: \(result.replacing("_", with: " "))"]
    }

    /// The verdict as one word.
    var result: String {
        switch verdict {
        case .credit: "credit"
        case .noCredit: "no_credit"
        case .noLink: "no_link"
        case .noConnection: "no_connection"
        case .stopped: "stopped"
        }
    }

    // MARK: For a program

    func write(to line: inout JSONLines, hint: String?) {
        line.field("router", router)
        line.field("address", address)
        line.field("result", result)
        line.field("status", Int(status))
        if let (_, condition) = failure { line.condition(condition) }
        if let sentence { line.field("text", sentence, byteCountMax: 4096) }
        if let hint { line.field("hint", hint) }
        if let peer { peer.write(to: &line) }
    }
}

extension PeerDescription {
    /// Properties printed under their own names.
    private static let namedProperties = ["product", "version", "platform"]

    fileprivate var lines: [String] {
        var lines = ["container id: \(printable(containerID))"]
        for name in PeerDescription.namedProperties {
            if let value = properties.first(where: { $0.key == name })?.value {
                lines.append("\(name): \(printable(value))")
            }
        }
        for property in properties where !PeerDescription.namedProperties.contains(property.key) {
            lines.append("property \(printable(property.key)): \(printable(property.value))")
        }
        lines.append("offered capabilities: \(list(capabilities))")
        lines.append("max frame size: \(amount(UInt64(maxFrameSize), "bytes"))")
        lines.append("idle timeout: \(idleTimeoutText)")
        guard let link else { return lines }
        return lines + [
            "target address: \(link.address.map { printable($0) } ?? "none")",
            "target capabilities: \(list(link.capabilities))",
            "max message size: \(amount(link.maxMessageSize, "bytes"))",
            "credit: \(link.credit)",
        ]
    }

    private var idleTimeoutText: String {
        idleTimeoutMilliseconds == 0 ? "none" : "\(idleTimeoutMilliseconds) ms"
    }

    private func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : printable(names.joined(separator: ", "))
    }

    private func amount(_ number: UInt64, _ unit: String) -> String {
        number == 0 ? "no limit" : "\(number) \(unit)"
    }

    fileprivate func write(to line: inout JSONLines) {
        line.field("container_id", containerID)
        line.field("properties", properties.map { ($0.key, $0.value) })
        line.field("offered_capabilities", capabilities)
        line.field("max_frame_size", Int(maxFrameSize))
        line.field("idle_timeout_ms", Int(idleTimeoutMilliseconds))
        guard let link else { return }
        if let address = link.address { line.field("target_address", address) }
        line.field("target_capabilities", link.capabilities)
        line.field("max_message_size", Int(clamping: link.maxMessageSize))
        line.field("credit", link.credit)
    }
}
