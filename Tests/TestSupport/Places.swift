// The places of the package, its products and its scripts.
// SPDX-License-Identifier: Apache-2.0

package import Foundation

package enum Places {
    /// The package.
    package static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folder of the programs built with the tests.
    package static let products = URL(
        filePath: CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
    ).deletingLastPathComponent()

    /// The program under test: SENDER_BINARY, else the one that was built beside the tests.
    package static let sender: URL = {
        if let path = ProcessInfo.processInfo.environment["SENDER_BINARY"] {
            return URL(filePath: path, relativeTo: root)
        }
        return products.appending(path: "sender")
    }()

    /// The optimised simulation: SIMULATE_BINARY, else that of the package's release build.
    package static func simulator() throws -> String {
        let path = ProcessInfo.processInfo.environment["SIMULATE_BINARY"]
        let program = URL(filePath: path ?? ".build/release/simulate", relativeTo: root)
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            throw TestFailure(
                "there is no \(program.path): make test builds it")
        }
        return program.path
    }

    package static let python = URL(filePath: "/usr/bin/python3")

    package static func script(_ name: String) -> URL { root.appending(path: "scripts/\(name)") }

    package static func standIn(_ name: String) -> String { script("stand-in/\(name)").path }
}
