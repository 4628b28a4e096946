// Breaks text into lines.
// SPDX-License-Identifier: Apache-2.0

/// Paragraphs, parted by blank lines, in lines of at most `width` that begin with `indent` spaces.
///
/// A line that stands in by four spaces, such as a command, stays as it is.
func wrapped(_ text: String, width: Int, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    var result = ""
    var line = ""
    for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
        if isVerbatim(paragraph) {
            result += margin + paragraph + "\n"
            continue
        }
        for word in paragraph.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                result += margin + line + "\n"
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        result += (line.isEmpty ? "" : margin + line) + "\n"
        line = ""
    }
    return result
}

/// Whether a line of a text is not to be broken.
func isVerbatim(_ line: Substring) -> Bool {
    line.hasPrefix("    ")
}
