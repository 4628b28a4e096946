// The pages of the library.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Pages of the library", .serialized)
    struct Pages {
        @Test("docc makes them without a warning")
        func pages() throws {
            let folder = try TemporaryFolder()
            let made = try ChildProcess.run([
                Places.script("docs.sh").path, "--products", Places.products.path,
                folder.file("pages").path,
            ])
            if made.errors.contains("this toolchain has no ") { return }
            #expect(made.status == 0, "\(made.output)\n\(made.errors)")
            let page = "pages/data/documentation/reliablesender/errorsandoutcomes.json"
            #expect(FileManager.default.fileExists(atPath: folder.file(page).path))
        }
    }
}
