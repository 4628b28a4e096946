// Text for troff and mandoc.
// SPDX-License-Identifier: Apache-2.0

/// A page under construction.
struct Roff {
    private(set) var text: String
    private let width = 78

    /// Begins with the title, which makes head and foot of each page.
    init(title: String, section: Int, date: String, source: String, manual: String) {
        // The date unescaped, for mandoc. Names must not be hyphenated or spread: groff takes HY and AD
        // for that, and forgets nh and ad after an example (1.22) or a paragraph (1.24).
        text = """
            .TH \(title) \(section) \(date) "\(source)" "\(manual)"
            .nh
            .ad l
            .nr HY 0
            .ds AD l

            """
    }

    /// A request: a line that begins with a dot.
    mutating func request(_ name: String, _ arguments: String...) {
        let words = arguments.map { "\"\(Self.escaped($0))\"" }
        text += ([".\(name)"] + words).joined(separator: " ") + "\n"
    }

    /// Paragraphs in the form of ``wrapped(_:width:indent:)``, behind a heading.
    mutating func paragraphs(_ paragraphs: String) {
        for (index, paragraph) in paragraphs.split(separator: "\n\n").enumerated() {
            // A heading adds its own space.
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

    /// One paragraph: options in bold, placeholders in italics.
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

    /// A word with troff's special characters escaped.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            // A plain one may be printed as a hyphen, which is no minus for a shell.
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

    /// A line of text, even if it begins like a request.
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
        // The start of [=NAME] has a placeholder of its own.
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
