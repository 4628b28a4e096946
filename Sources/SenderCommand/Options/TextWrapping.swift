// Wrapping of help texts.
// SPDX-License-Identifier: Apache-2.0

/// Wraps paragraphs, separated by blank lines, at `width` with an indentation of `indent` spaces.
///
/// Lines indented by four spaces, such as commands, are not wrapped.
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

/// Whether a line is not wrapped.
func isVerbatim(_ line: Substring) -> Bool {
    line.hasPrefix("    ")
}
