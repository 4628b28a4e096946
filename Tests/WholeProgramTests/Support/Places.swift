// Where things are, and places for a test's own things.
// SPDX-License-Identifier: Apache-2.0

import Foundation

enum Places {
    /// The package.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The program under test: SENDER_BINARY, else the one that was built beside the tests.
    static let sender: URL = {
        if let path = ProcessInfo.processInfo.environment["SENDER_BINARY"] {
            return URL(filePath: path, relativeTo: root)
        }
        let bundle = URL(filePath: CommandLine.arguments.first { $0.contains(".xctest") } ?? "")
        return bundle.deletingLastPathComponent().appending(path: "sender")
    }()

    static let python = URL(filePath: "/usr/bin/python3")

    static func script(_ name: String) -> URL { root.appending(path: "scripts/\(name)") }

    static func standIn(_ name: String) -> String { script("stand-in/\(name)").path }

    /// A port that nobody listens on at the moment.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw PeerFailure(description: "no free port: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// A folder that goes when the test goes.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appending(path: "sender-test-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func file(_ name: String) -> URL { url.appending(path: name) }
}
