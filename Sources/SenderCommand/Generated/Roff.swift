// Text for troff and mandoc.
// SPDX-License-Identifier: Apache-2.0

/// A page as it grows.
struct Roff {
    private(set) var text: String
    private let width = 78

    /// Begins with the title, for the head and the foot of each page.
    init(title: String, section: Int, date: String, source: String, manual: String) {
        // The date as it is: mandoc reads it. No name is to be broken, nor spread over a line; groff takes
        // HY and AD for it, and forgets nh and ad behind an example (1.22) or at every paragraph (1.24).
        text = """
            .TH \(title) \(section) \(date) "\(source)" "\(manual)"
            .nh
            .ad l
            .nr HY 0
            .ds AD l

            """
    }

    /// A line that begins with a dot.
    mutating func request(_ name: String, _ arguments: String...) {
        let words = arguments.map { "\"\(Self.escaped($0))\"" }
        text += ([".\(name)"] + words).joined(separator: " ") + "\n"
    }

    /// Paragraphs as ``wrapped(_:width:indent:)`` has them, behind a heading.
    mutating func paragraphs(_ paragraphs: String) {
        for (index, paragraph) in paragraphs.split(separator: "\n\n").enumerated() {
            // A heading brings its own space.
            if index > 0 { request("PP") }
            for line in paragraph.split(separator: "\n") {
                if isVerbatim(line) {
                    text += ".EX\n" + Self.guarded(Self.escaped(String(line))) + "\n.EE\n"
                } else {
                    self.paragraph(String(line))
                }
            }
        }
    }

    /// One paragraph: options in bold, the word that stands for a value in italics.
    mutating func paragraph(_ paragraph: String, placeholder: String? = nil) {
        var line = ""
        for word in paragraph.split(separator: " ") {
            let marked = Self.marked(String(word), placeholder: placeholder)
            if !line.isEmpty, line.count + 1 + marked.count > width {
                text += Self.guarded(line) + "\n"
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + marked
        }
        text += Self.guarded(line) + "\n"
    }

    /// A word without what troff takes for its own.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            // A plain one may come out as a hyphen, which no shell takes for a minus.
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "\"": result += "\\(dq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
            }
        }
        return result
    }

    /// A line of text, also if it begins as a request would.
    private static func guarded(_ line: String) -> String {
        line.hasPrefix(".") ? "\\&" + line : line
    }

    /// A word with its emphasis.
    private static func marked(_ word: String, placeholder: String?) -> String {
        let opening = word.prefix { "([,\"".contains($0) }
        let rest = word.dropFirst(opening.count)
        let name = emphasised(rest, placeholder: placeholder)
        guard !name.text.isEmpty else { return escaped(word) }
        let following = rest.dropFirst(name.text.count)
        // The opening of [=NAME] and the like has a placeholder of its own.
        return escaped(String(opening)) + "\\f\(name.font)" + escaped(String(name.text)) + "\\fR"
            + (following.hasPrefix("[=")
                ? escaped("[=") + marked(String(following.dropFirst(2)), placeholder: placeholder)
                : escaped(String(following)))
    }

    /// The part at a word's start that is an option name or the placeholder.
    private static func emphasised(
        _ word: Substring, placeholder: String?
    ) -> (text: Substring, font: String) {
        if word.hasPrefix("--") {
            let name = word.prefix { $0 == "-" || $0.isLetter && $0.isLowercase }
            return (name.count > 2 ? name : "", "B")
        }
        let name = word.prefix { $0 == "-" || $0.isLetter || $0.isNumber }
        if name.count == 2, name.hasPrefix("-"), name.last?.isLetter == true { return (name, "B") }
        return (name == placeholder ?? "" ? name : "", "I")
    }
}
