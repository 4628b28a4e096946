// Links and file names in the documents.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A document in Markdown, without its blocks of code.
private struct Document {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    var file: URL
    private var prose: String

    init(_ file: URL) throws {
        self.file = file
        var isCode = false
        let lines = try String(contentsOf: file, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .filter { line in
                if line.hasPrefix("```") { isCode.toggle() }
                return !isCode
            }
        prose = lines.joined(separator: "\n")
    }

    /// All that the repository has beside its sources.
    static func all() throws -> [Document] {
        let files = try FileManager.default.contentsOfDirectory(
            at: root, includingPropertiesForKeys: nil)
        let pages = try FileManager.default.contentsOfDirectory(
            at: root.appending(path: "docs"), includingPropertiesForKeys: nil)
        return try (files + pages).filter { $0.pathExtension == "md" }.map { try Document($0) }
    }

    /// The targets of its links, but for other sites.
    var links: [String] {
        prose.matches(of: /\]\(([^)\s]+)\)/).map { String($0.output.1) }
            .filter { !$0.contains("://") }
    }

    /// The names that may stand behind a #, by GitHub's rule.
    var anchors: [String] {
        var counts: [String: Int] = [:]
        return prose.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
            let words = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
            let anchor = words.filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
                .replacing(" ", with: "-")
            let count = counts[anchor, default: 0]
            counts[anchor] = count + 1
            return count == 0 ? anchor : "\(anchor)-\(count)"
        }
    }

    /// The files and folders that it names.
    var paths: [String] {
        prose.matches(of: /`((?:CShim|Examples|Sources|Tests|docs|scripts)\/[^`\s*]*)`/).map {
            String($0.output.1)
        }
    }

    func isThere(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: Self.root.appending(path: path).path)
    }
}

@Suite struct DocumentLinkTests {
    @Test("each link leads to a file that is there, and to a heading in it")
    func links() throws {
        let documents = try Document.all()
        #expect(documents.count > 8)
        #expect(documents.flatMap(\.links).count > 20)
        for document in documents {
            for link in document.links {
                let parts = link.split(separator: "#", omittingEmptySubsequences: false)
                let target =
                    parts[0].isEmpty
                    ? document.file
                    : document.file.deletingLastPathComponent().appending(path: String(parts[0]))
                        .standardizedFileURL
                let isThere = FileManager.default.fileExists(atPath: target.path)
                #expect(isThere, "\(document.file.lastPathComponent): \(link)")
                guard isThere, parts.count > 1 else { continue }
                let anchors = try Document(target).anchors
                #expect(
                    anchors.contains(String(parts[1])),
                    "\(document.file.lastPathComponent): \(link)")
            }
        }
    }

    @Test("each file that is named is there")
    func paths() throws {
        let documents = try Document.all()
        #expect(documents.flatMap(\.paths).count > 10)
        for document in documents {
            for path in document.paths {
                #expect(document.isThere(path), "\(document.file.lastPathComponent): \(path)")
            }
        }
    }
}
