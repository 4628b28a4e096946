// Usage and errors of the scripts.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Usage of the scripts", .serialized)
    struct ScriptUsageTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        static let scripts: [String] = {
            let folder = Places.root.appending(path: "scripts").path
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.filter { $0.hasSuffix(".sh") && $0 != "lib.sh" }.sorted()
        }()

        /// A script that does anything does it here, and without the program.
        private func run(_ script: String, _ arguments: [String]) throws -> ChildProcess {
            try ChildProcess(
                script, executable: Places.script(script), arguments: arguments,
                environment: [
                    "RUN_DIR": folder.url.path, "TMPDIR": folder.url.path,
                    "SENDER_BINARY": folder.file("nothing").path,
                ])
        }

        private func expectNothingLeft(_ sourceLocation: SourceLocation = #_sourceLocation) throws {
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
            #expect(left == [], sourceLocation: sourceLocation)
        }

        @Test("--help is answered on standard output, with status 0", arguments: scripts)
        func help(script: String) throws {
            for option in ["-h", "--help"] {
                let run = try run(script, [option])
                #expect(try run.wait(seconds: 30) == 0, "\(run.allOutput)")
                #expect(run.output.text.hasPrefix("usage: scripts/\(script)"))
                #expect(run.errors.lines.isEmpty)
            }
            try expectNothingLeft()
        }

        @Test("an unknown word is named above the usage: status 64", arguments: scripts)
        func unknown(script: String) throws {
            let run = try run(script, ["--bogus"])
            #expect(try run.wait(seconds: 30) == 64, "\(run.allOutput)")
            #expect(run.output.lines.isEmpty)
            let lines = run.errors.lines
            #expect(lines.first?.hasPrefix("\(script): ") == true, "\(run.allOutput)")
            #expect(lines.first?.contains("'--bogus'") == true, "\(run.allOutput)")
            #expect(lines.dropFirst().first?.hasPrefix("usage: scripts/\(script)") == true)
            try expectNothingLeft()
        }

        @Test(
            "an extra word is named above the usage: status 64",
            arguments: [
                ("debian13.sh", ["build"]), ("demo.sh", []), ("install.sh", ["--uninstall"]),
                ("make-deb.sh", ["folder"]),
                ("start-router.sh", ["single-node.conf"]), ("stop-broker.sh", ["--kill"]),
                ("test-deb.sh", ["package"]),
            ])
        func tooMany(script: String, arguments: [String]) throws {
            let run = try run(script, arguments + ["more"])
            #expect(try run.wait(seconds: 30) == 64, "\(run.allOutput)")
            #expect(run.errors.lines.first?.contains("'more'") == true, "\(run.allOutput)")
            try expectNothingLeft()
        }
    }
}
