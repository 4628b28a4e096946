// Escaping and truncation of text from peers and users.
// SPDX-License-Identifier: Apache-2.0

import AMQP

/// A text with control characters escaped, truncated at `byteCountMax` between characters.
///
/// A peer's text must not drive the terminal, forge an output line, or fill the log.
func printable(_ text: some StringProtocol, byteCountMax: Int = 1024) -> String {
    var result = ""
    for character in text {
        // A character may have any number of combining marks: it must fit as a whole.
        var piece = ""
        for scalar in character.unicodeScalars {
            appendPrintable(scalar, to: &piece)
        }
        guard result.utf8.count + piece.utf8.count <= byteCountMax else { return result + "…" }
        result += piece
    }
    return result
}

/// A text truncated at `byteCountMax`, without escaping.
func cut(_ text: String, byteCountMax: Int = 1024) -> String {
    guard text.utf8.count > byteCountMax else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: byteCountMax)
    // At a scalar boundary.
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return text[..<end] + "…"
}

/// A user's text for a sentence: escaped, at most 128 bytes.
func quotable(_ text: String) -> String {
    printable(text, byteCountMax: 128)
}

/// A user's text for a sentence, in quotes.
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
    /// Control characters, line and paragraph separators, and bidirectional controls.
    var isInvisibleCommand: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: properties.isBidiControl
        }
    }
}

extension ErrorCondition {
    /// Name and description, escaped, with the hint for a TLS failure.
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
