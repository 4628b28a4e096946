// The commands that the README shows.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A block of commands in the README.
///
/// A comment of HTML directly above it says what a reader does not need to know:
/// `<!-- not run: REASON -->`, `<!-- status: 1 -->` for one that is to end with that, and
/// `<!-- before: COMMANDS -->` for what the test has to do first.
struct Recipe: CustomTestStringConvertible {
    var line: Int
    /// The headings above it, the nearest one last.
    var headings: [String]
    var commands: String
    var reasonNotToRun: String?
    var status: Int32 = 0
    var preparation = ""
    /// The block of text that follows, if one does: what is shown.
    var output: [String]?

    var testDescription: String { "\(headings.last ?? ""), line \(line)" }
}

/// What can't be read as it was meant.
struct ReadmeFault: Error, CustomStringConvertible {
    var line: Int
    var description: String
}

/// Reads a text in Markdown line by line.
struct ReadmeReader {
    private(set) var recipes: [Recipe] = []
    private var headings: [(level: Int, text: String)] = []
    private var comments: [(line: Int, text: String)] = []
    private var mayShowOutput = false

    /// The recipes of the README.
    static func recipes() throws -> [Recipe] {
        let file = Places.root.appending(path: "README.md")
        return try Self(String(contentsOf: file, encoding: .utf8)).recipes
    }

    init(_ text: String) throws {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        while let line = lines.first {
            let number = lines.startIndex + 1
            if line.hasPrefix("```") {
                let end = lines.dropFirst().firstIndex { $0.hasPrefix("```") }
                guard let end else { throw ReadmeFault(line: number, description: "no end of it") }
                try block(String(line.dropFirst(3)), lines[(number)..<end], at: number)
                lines = lines[(end + 1)...]
            } else if line.hasPrefix("<!--") {
                let end = lines.firstIndex { $0.hasSuffix("-->") }
                guard let end else { throw ReadmeFault(line: number, description: "no end of it") }
                let comment = lines[(number - 1)...end].joined(separator: "\n")
                comments.append((number, String(comment.dropFirst(4).dropLast(3))))
                lines = lines[(end + 1)...]
            } else {
                try prose(line, at: number)
                lines.removeFirst()
            }
        }
        try noCommentIsLeft()
    }

    private mutating func prose(_ line: Substring, at number: Int) throws {
        guard !line.allSatisfy(\.isWhitespace) else { return }
        try noCommentIsLeft()
        mayShowOutput = false
        let level = line.prefix { $0 == "#" }.count
        guard level > 0 else { return }
        headings.removeAll { $0.level >= level }
        headings.append((level, line.dropFirst(level).trimmingCharacters(in: .whitespaces)))
    }

    private mutating func block(
        _ language: String, _ lines: ArraySlice<Substring>, at number: Int
    ) throws {
        let isAmongRecipes = headings.contains { $0.text == "Recipes" }
        switch language {
        case "sh":
            var recipe = Recipe(
                line: number, headings: headings.map(\.text),
                commands: lines.joined(separator: "\n"))
            for comment in comments { try read(comment.text, at: comment.line, for: &recipe) }
            comments = []
            recipes.append(recipe)
            mayShowOutput = true
        case "text" where mayShowOutput:
            recipes[recipes.count - 1].output = lines.map(String.init)
            mayShowOutput = false
        case "json", "text",
            "" where !isAmongRecipes, "json" where isAmongRecipes:
            mayShowOutput = false
        default:
            throw ReadmeFault(
                line: number, description: "a block of '\(language)': commands are to be 'sh'")
        }
        try noCommentIsLeft()
    }

    private func read(_ comment: String, at line: Int, for recipe: inout Recipe) throws {
        let (name, colon, value) = comment.partitioned(at: ":")
        switch name {
        case "not run" where colon && !value.isEmpty: recipe.reasonNotToRun = value
        case "before" where colon: recipe.preparation = value
        case "status" where Int32(value) != nil: recipe.status = Int32(value) ?? 0
        default:
            throw ReadmeFault(line: line, description: "a comment that says nothing: \(comment)")
        }
    }

    /// A comment that belongs to no block would be passed over in silence.
    private func noCommentIsLeft() throws {
        guard let comment = comments.first else { return }
        throw ReadmeFault(line: comment.line, description: "this comment stands above no commands")
    }
}

extension String {
    /// What stands before and behind the first of these characters, without spaces around it.
    fileprivate func partitioned(at mark: Character) -> (String, Bool, String) {
        guard let index = firstIndex(of: mark) else {
            return (trimmingCharacters(in: .whitespacesAndNewlines), false, "")
        }
        return (
            self[..<index].trimmingCharacters(in: .whitespacesAndNewlines), true,
            self[self.index(after: index)...].trimmingCharacters(in: .whitespacesAndNewlines)
        )
    }
}

/// Whether lines are those that were announced.
///
/// A line of three dots stands for any lines, three dots within a line for any text.
func isShown(_ announced: ArraySlice<String>, by lines: ArraySlice<String>) -> Bool {
    guard let first = announced.first else { return lines.isEmpty }
    let rest = announced.dropFirst()
    if first == "..." {
        return (lines.startIndex...lines.endIndex).contains { isShown(rest, by: lines[$0...]) }
    }
    guard let line = lines.first, isShown(first, by: line) else { return false }
    return isShown(rest, by: lines.dropFirst())
}

private func isShown(_ announced: String, by line: String) -> Bool {
    let parts = announced.components(separatedBy: "...")
    guard parts.count > 1, let first = parts.first, let last = parts.last else {
        return line == announced
    }
    guard line.hasPrefix(first) else { return false }
    var rest = line.dropFirst(first.count)
    for part in parts[1..<(parts.count - 1)] {
        guard let found = rest.range(of: part) else { return false }
        rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(last)
}
