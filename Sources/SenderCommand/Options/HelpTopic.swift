// Help about one option or topic.
// SPDX-License-Identifier: Apache-2.0

/// The names of the chapters, as --help NAME takes them.
///
/// Not made from the chapters, which name options, of which one names these.
let helpTopics = [
    "options", "units", "placeholders", "words", "delivery-guarantee", "output", "passwords",
    "connect-file",
    "environment", "signals", "exit-status", "examples",
]

/// A chapter's title as one word.
func topicName(_ title: String) -> String {
    title.lowercased().replacing(" ", with: "-")
}

/// The help's text about an option, given with or without dashes, or about a topic; nil for another
/// name.
func explanation(of name: String, _ table: [CommandOption]) -> String? {
    let bare = String(name.drop { $0 == "-" })
    let option = table.first { option in
        option.longNames.contains(bare) || option.short.map(String.init) == bare
    }
    if let option { return option.explanation }
    let topic = topicName(name)
    return helpChapters.first { topicName($0.title) == topic }.map(chapterText)
}
