// Makes text that others wrote fit to be printed.
// SPDX-License-Identifier: Apache-2.0

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
        if isInvisibleCommand(scalar) {
            text += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            text.unicodeScalars.append(scalar)
        }
    }
}

/// Controls, line and paragraph separators, and what turns the direction of writing.
private func isInvisibleCommand(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: scalar.properties.isBidiControl
    }
}

extension Condition {
    /// Name and words, as far as they were given, fit to be printed.
    var line: String {
        switch (name.isEmpty, description.isEmpty) {
        case (false, false): printable("\(name): \(description)")
        case (false, true): printable(name)
        case (true, false): printable(description)
        case (true, true): "no reason given"
        }
    }
}
