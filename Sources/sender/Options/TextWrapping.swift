// Breaks text into lines.
// SPDX-License-Identifier: Apache-2.0

/// Paragraphs, parted by blank lines, in lines of at most `width` that begin with `indent` spaces.
func wrapped(_ text: String, width: Int, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    var result = ""
    var line = ""
    for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
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
