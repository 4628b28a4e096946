// The map of the simulation's rules against the simulation.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import RecoverySimulation
import Testing

@Suite struct SimulationMapTests {
    /// A row of the map.
    private struct Row {
        var rule: Int
        /// Functions by the file that has them.
        var checks: [String: [String]] = [:]
        var breaches: Set<String>

        init?(_ line: Substring) {
            let columns = line.split(separator: "|").map(String.init)
            guard columns.count == 3, let rule = Int(columns[0].prefix { $0 != ":" }.dropFirst())
            else { return nil }
            self.rule = rule
            breaches = Set(Self.names(in: columns[2]))
            for file in columns[1].split(separator: ";") {
                let names = Self.names(in: String(file))
                guard let first = names.first else { continue }
                checks[first] = Array(names.dropFirst())
            }
        }

        private static func names(in text: String) -> [String] {
            text.matches(of: /`([^`]+)`/).map { String($0.output.1) }
        }
    }

    private let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "RecoverySimulation")

    private func text(_ file: String) throws -> String {
        try String(contentsOf: folder.appending(path: file), encoding: .utf8)
    }

    private func rows() throws -> [Row] {
        try text("README.md").split(separator: "\n").compactMap { Row($0) }
    }

    @Test("the map has each rule, with the breaches of it")
    func breaches() throws {
        let rows = try rows()
        #expect(rows.map(\.rule) == Array(1...11))
        for row in rows {
            let expected = Breach.allCases.filter { $0.rule == row.rule }.map { "\($0)" }
            #expect(row.breaches == Set(expected), "rule \(row.rule)")
        }
    }

    @Test("the functions that the map names are there")
    func functions() throws {
        for row in try rows() {
            for (file, functions) in row.checks {
                let source = try text(file)
                #expect(!functions.isEmpty)
                for function in functions {
                    #expect(source.contains("func \(function)("), "\(file): \(function)")
                }
            }
        }
    }

    @Test("the map names each file that finds a rule broken")
    func files() throws {
        let rows = try rows()
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        for file in files where file.hasSuffix(".swift") {
            let source = try text(file)
            for match in source.matches(of: /"rule ([0-9]+)(?: or ([0-9]+))?:/) {
                let rules = [Int(match.output.1), match.output.2.flatMap { Int($0) }]
                for case let rule? in rules {
                    let isNamed = rows.contains { $0.rule == rule && $0.checks[file] != nil }
                    #expect(isNamed, "rule \(rule): \(file)")
                }
            }
        }
    }
}
