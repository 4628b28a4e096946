// The Swift that documents show.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite struct SwiftSnippetTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The files below a folder with this extension.
    private func files(in folder: String, _ pathExtension: String) throws -> [URL] {
        try FileManager.default.subpathsOfDirectory(atPath: Self.root.appending(path: folder).path)
            .map { Self.root.appending(path: folder).appending(path: $0) }
            .filter { $0.pathExtension == pathExtension }
    }

    private func lines(of file: URL) throws -> [Substring] {
        try String(contentsOf: file, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The blocks of Swift of a document, as lines.
    private func snippets(in document: URL) throws -> [[Substring]] {
        var snippets: [[Substring]] = []
        var isInside = false
        for line in try lines(of: document) {
            if line.hasPrefix("```") {
                isInside = line == "```swift"
                if isInside { snippets.append([]) }
            } else if isInside {
                snippets[snippets.count - 1].append(line)
            }
        }
        return snippets
    }

    /// Whether these lines stand in a file, one behind the other, all indented by the same.
    private func contains(_ lines: [Substring], _ snippet: [Substring]) -> Bool {
        lines.indices.dropLast(snippet.count - 1).contains { start in
            let indentation = lines[start].prefix { $0 == " " }
            return zip(snippet, lines[start...]).allSatisfy { expected, line in
                expected.isEmpty ? line.isEmpty : line == indentation + expected
            }
        }
    }

    @Test("each block of Swift in a document is a part of a program in Examples/")
    func snippets() throws {
        let examples = try files(in: "Examples", "swift").map(lines)
        let documents =
            try [Self.root.appending(path: "README.md")] + files(in: "docs", "md")
            + files(in: "Sources/ReliableSender", "md")
        var count = 0
        for document in documents {
            for snippet in try snippets(in: document) {
                count += 1
                let isThere = examples.contains { contains($0, snippet) }
                #expect(isThere, "\(document.lastPathComponent): \(snippet.first ?? "")")
            }
        }
        #expect(count > 7)
    }
}
