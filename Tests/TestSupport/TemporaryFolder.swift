// A folder of a test.
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A folder that goes when the test goes.
package final class TemporaryFolder {
    package let url: URL

    package init() throws {
        url = FileManager.default.temporaryDirectory
            .appending(path: "sender-test-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    package func file(_ name: String) -> URL { url.appending(path: name) }
}

/// A file with this text, open for reading, that has no name any more.
package func unlinkedFile(_ text: String) throws -> FileHandle {
    try unlinkedFile(Data(text.utf8))
}

/// The same for bytes.
package func unlinkedFile(_ bytes: Data) throws -> FileHandle {
    let folder = try TemporaryFolder()
    let file = folder.file("input")
    try bytes.write(to: file)
    return try withExtendedLifetime(folder) { try FileHandle(forReadingFrom: file) }
}
