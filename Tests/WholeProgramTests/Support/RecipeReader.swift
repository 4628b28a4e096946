// The commands that the README and the pages of docs/ show.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A block of commands in a document.
///
/// A comment of HTML directly above it says what a reader does not need to know:
/// `<!-- not run: REASON -->`, `<!-- status: 1 -->` for one that is to end with that, and
/// `<!-- needs: NAMES -->` for what the test has to do first. A comment further up,
/// `<!-- set-up NAME: COMMANDS -->`, says what that is.
struct Recipe: CustomTestStringConvertible {
    /// Its path, from the root of the repository.
    var document: String
    var line: Int
    /// The headings above it, the nearest one last.
    var headings: [String]
    var commands: String
    var reasonNotToRun: String?
    var status: Int32 = 0
    var preparation = ""
    /// The block of text that follows, if one does: what is shown.
    var output: [String]?

    var testDescription: String { "\(document), line \(line): \(headings.last ?? "")" }
}

/// A text that can't be read as it was meant.
struct RecipeFault: Error, CustomStringConvertible {
    var line: Int
    var description: String
}

/// Reads a text in Markdown line by line.
struct RecipeReader {
    private(set) var recipes: [Recipe] = []
    private var headings: [(level: Int, text: String)] = []
    private var comments: [(line: Int, text: String)] = []
    private var setUps: [String: String] = [:]
    private var unusedSetUps: [String: Int] = [:]
    private var mayShowOutput = false
    private let document: String

    /// The recipes of the README and of the pages of docs/.
    static func recipes() throws -> [Recipe] {
        let pages = try FileManager.default.contentsOfDirectory(
            atPath: Places.root.appending(path: "docs").path
        ).filter { $0.hasSuffix(".md") }.sorted()
        return try (["README.md"] + pages.map { "docs/" + $0 }).flatMap { document in
            let file = Places.root.appending(path: document)
            return try Self(String(contentsOf: file, encoding: .utf8), in: document).recipes
        }
    }

    static func recipesToRun() throws -> [Recipe] {
        try recipes().filter { $0.reasonNotToRun == nil }
    }

    init(_ text: String, in document: String = "") throws {
        self.document = document
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        while let line = lines.first {
            let number = lines.startIndex + 1
            if line.hasPrefix("```") {
                let end = lines.dropFirst().firstIndex { $0.hasPrefix("```") }
                guard let end else { throw RecipeFault(line: number, description: "no end of it") }
                try block(String(line.dropFirst(3)), lines[(number)..<end], at: number)
                lines = lines[(end + 1)...]
            } else if line.hasPrefix("<!--") {
                let end = lines.firstIndex { $0.hasSuffix("-->") }
                guard let end else { throw RecipeFault(line: number, description: "no end of it") }
                let comment = lines[(number - 1)...end].joined(separator: "\n")
                try take(comment: String(comment.dropFirst(4).dropLast(3)), at: number)
                lines = lines[(end + 1)...]
            } else {
                try prose(line, at: number)
                lines.removeFirst()
            }
        }
        try noCommentIsLeft()
        if let unused = unusedSetUps.first {
            throw RecipeFault(line: unused.value, description: "'\(unused.key)' is not needed")
        }
    }

    /// A set-up stands for itself; any other comment is about the next block.
    private mutating func take(comment: String, at line: Int) throws {
        let (title, colon, commands) = comment.partitioned(at: ":")
        guard title.hasPrefix("set-up ") else {
            comments.append((line, comment))
            return
        }
        let name = title.dropFirst("set-up ".count).trimmingCharacters(in: .whitespaces)
        guard colon, !name.isEmpty, !commands.isEmpty, setUps[name] == nil else {
            throw RecipeFault(line: line, description: "a set-up that says nothing new: \(title)")
        }
        setUps[name] = commands
        unusedSetUps[name] = line
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
        switch language {
        case "sh":
            var recipe = Recipe(
                document: document, line: number, headings: headings.map(\.text),
                commands: lines.joined(separator: "\n"))
            for comment in comments { try read(comment.text, at: comment.line, for: &recipe) }
            comments = []
            recipes.append(recipe)
            mayShowOutput = true
        case "text" where mayShowOutput:
            recipes[recipes.count - 1].output = lines.map(String.init)
            mayShowOutput = false
        case "ini", "json", "swift", "text":
            mayShowOutput = false
        default:
            throw RecipeFault(
                line: number, description: "a block of '\(language)': commands are to be 'sh'")
        }
        try noCommentIsLeft()
    }

    private mutating func read(
        _ comment: String, at line: Int, for recipe: inout Recipe
    ) throws {
        let (name, colon, value) = comment.partitioned(at: ":")
        switch name {
        case "not run" where colon && !value.isEmpty: recipe.reasonNotToRun = value
        case "needs" where colon && !value.isEmpty:
            let needed = value.split(separator: " ").map { (name: String($0), setUps[String($0)]) }
            for (name, commands) in needed {
                guard let commands else {
                    throw RecipeFault(line: line, description: "there is no set-up '\(name)'")
                }
                recipe.preparation += commands + "\n"
                unusedSetUps[name] = nil
            }
        case "status" where Int32(value) != nil: recipe.status = Int32(value) ?? 0
        default:
            throw RecipeFault(line: line, description: "a comment that says nothing: \(comment)")
        }
    }

    /// A comment that belongs to no block would be passed over in silence.
    private func noCommentIsLeft() throws {
        guard let comment = comments.first else { return }
        throw RecipeFault(line: comment.line, description: "this comment stands above no commands")
    }
}

extension String {
    /// The texts before and behind the first of these characters, without spaces around them.
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
