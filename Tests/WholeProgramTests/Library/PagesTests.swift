// The pages of the library.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Pages of the library", .serialized)
    struct PagesTests {
        // A toolchain need not have docc: Swift's own has it, and Debian 13's swiftlang.
        static let isToolMissing: Bool = {
            let look = try? ChildProcess.run([Places.script("docs.sh").path, "--look"])
            return look?.errors.contains("this toolchain has no ") == true
        }()

        @Test(
            "docc makes them without a warning",
            .enabled(if: !isToolMissing, "skipped: this toolchain has no docc"))
        func pages() throws {
            let folder = try TemporaryFolder()
            let made = try ChildProcess.run([
                Places.script("docs.sh").path, "--products", Places.products.path,
                folder.file("pages").path,
            ])
            #expect(made.status == 0, "\(made.output)\n\(made.errors)")
            let page = "pages/data/documentation/reliablesender/errorsandoutcomes.json"
            #expect(FileManager.default.fileExists(atPath: folder.file(page).path))
        }
    }
}
