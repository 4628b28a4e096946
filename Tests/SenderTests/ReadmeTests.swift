// The README against the program.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import sender

@Suite struct ReadmeTests {
    private let readme: String

    init() throws {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    }

    @Test func `the README shows the options as -h does`() {
        #expect(readme.contains(shortHelp()), "put the output of sender -h into README.md")
    }
}
