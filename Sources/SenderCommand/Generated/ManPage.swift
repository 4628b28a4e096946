// The man page.
// SPDX-License-Identifier: Apache-2.0

/// The page for section 1 of the manual, in the macros of man(7).
func manPage(_ table: [CommandOption]) -> String {
    var page = Roff(
        title: "SENDER", section: 1, date: senderVersionDate, source: "sender \(senderVersion)",
        manual: "User Commands")
    page.request("SH", "NAME")
    // The form of the manual's index: no sentence.
    let purpose = helpPurpose.prefix(1).lowercased() + helpPurpose.dropFirst().dropLast()
    page.paragraph("sender - \(purpose)")
    page.request("SH", "SYNOPSIS")
    page.paragraph(helpSynopsis)
    page.request("SH", "DESCRIPTION")
    page.paragraph(helpPurpose)
    for chapter in helpChapters {
        page.request("SH", chapter.title.uppercased())
        page.paragraphs(chapter.text)
        if chapter.title == "Options" { page.options(table) }
    }
    return page.text
}

extension Roff {
    /// The options by section.
    fileprivate mutating func options(_ table: [CommandOption]) {
        for section in CommandOption.Section.allCases {
            request("SS", section.rawValue)
            for option in table where option.section == section {
                request("TP")
                paragraph(option.synopsis, placeholder: option.placeholder)
                paragraph(option.details, placeholder: option.placeholder)
                if let defaultText = option.defaultText { paragraph("Default: \(defaultText).") }
            }
        }
    }
}
