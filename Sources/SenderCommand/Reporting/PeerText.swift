// Makes text that others wrote fit to be printed.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import LinkRecovery

/// A text with control characters escaped, cut at `byteCountMax` between two characters.
///
/// A peer's words must neither drive the terminal, nor forge a line of ours, nor fill the log.
func printable(_ text: some StringProtocol, byteCountMax: Int = 1024) -> String {
    var result = ""
    for character in text {
        // One character may be a letter with a million accents: it, too, has to fit.
        var piece = ""
        for scalar in character.unicodeScalars {
            appendPrintable(scalar, to: &piece)
        }
        guard result.utf8.count + piece.utf8.count <= byteCountMax else { return result + "…" }
        result += piece
    }
    return result
}

/// A text as it is, cut at `byteCountMax`.
func cut(_ text: String, byteCountMax: Int = 1024) -> String {
    guard text.utf8.count > byteCountMax else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: byteCountMax)
    // Not in the middle of a scalar.
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return text[..<end] + "…"
}

/// A user's own words in a sentence, fit to be printed.
func quotable(_ text: String) -> String {
    printable(text, byteCountMax: 128)
}

/// A user's own words in a sentence, in quotes.
func quoted(_ text: String) -> String {
    "\"\(quotable(text))\""
}

private func appendPrintable(_ scalar: Unicode.Scalar, to text: inout String) {
    switch scalar {
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    default:
        if scalar.isInvisibleCommand {
            text += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            text.unicodeScalars.append(scalar)
        }
    }
}

extension Unicode.Scalar {
    /// Controls, line and paragraph separators, and what turns the direction of writing.
    var isInvisibleCommand: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: properties.isBidiControl
        }
    }
}

extension ErrorCondition {
    /// Name and words, as far as they were given, fit to be printed, with what to do about it.
    var line: String {
        words + (tlsHint.map { " (\($0))" } ?? "")
    }

    private var words: String {
        switch (name.isEmpty, description.isEmpty) {
        case (false, false): printable("\(name): \(description)")
        case (false, true): printable(name)
        case (true, false): printable(description)
        case (true, true): "no reason given"
        }
    }
}
