// Installing and uninstalling.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Installation", .serialized)
    struct InstallTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func start(
            _ script: String, _ arguments: [String], environment: [String: String]
        ) throws -> ChildProcess {
            try ChildProcess(
                script, executable: Places.script(script), arguments: arguments,
                environment: environment.merging(["SENDER_BINARY": Places.sender.path]) { $1 })
        }

        private func run(
            _ script: String, _ arguments: String..., environment: [String: String] = [:]
        ) throws -> String {
            let process = try start(script, arguments, environment: environment)
            let status = try process.wait(seconds: 120)
            try #require(status == 0, "\(process.allOutput)")
            return process.output.text
        }

        private func files(in place: URL) -> Set<String> {
            let found = FileManager.default.enumerator(atPath: place.path)?.allObjects ?? []
            return Set(
                found.compactMap { $0 as? String }.filter {
                    var isFolder: ObjCBool = false
                    let path = place.appending(path: $0).path
                    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                        && !isFolder.boolValue
                })
        }

        private static let documents: Set = [
            "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "docs/brokers-and-routers.md",
            "docs/compatibility.md", "docs/events.md", "docs/guarantees.md", "docs/guide.md",
            "docs/operating.md", "docs/performance.md", "docs/performance.svg",
        ]
        private static let generated = [
            "man": "share/man/man1/sender.1",
            "complete-bash": "share/bash-completion/completions/sender",
            "complete-zsh": "share/zsh/site-functions/_sender",
            "complete-fish": "share/fish/vendor_completions.d/sender.fish",
        ]

        @Test("a prefix gets program, man page, completions and documents, and loses just them")
        func prefix() throws {
            let prefix = folder.file("a prefix")
            let other = prefix.appending(path: "bin/other")
            try FileManager.default.createDirectory(
                at: other.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: other)
            _ = try run("install.sh", environment: ["PREFIX": prefix.path])
            #expect(
                files(in: prefix)
                    == Set(Self.documents.map { "share/doc/sender/" + $0 })
                    .union(Self.generated.values).union(["bin/sender", "bin/other"]))
            let installed = prefix.appending(path: "bin/sender")
            let version = try ChildProcess(
                "sender", executable: installed, arguments: ["--version"])
            #expect(try version.wait(seconds: 30) == 0)
            #expect(version.output.text.hasPrefix("sender "))
            for (kind, place) in Self.generated {
                let text = try ChildProcess(
                    "sender", executable: Places.sender, arguments: ["--generate", kind])
                #expect(try text.wait(seconds: 30) == 0)
                let there = try String(contentsOf: prefix.appending(path: place), encoding: .utf8)
                #expect(there == text.output.text)
            }
            _ = try run("install.sh", "--uninstall", environment: ["PREFIX": prefix.path])
            #expect(files(in: prefix) == ["bin/other"])
            #expect(!FileManager.default.fileExists(atPath: prefix.path + "/share/doc/sender"))
        }

        @Test("DESTDIR stands before the prefix")
        func destination() throws {
            let environment = ["PREFIX": "/opt/sender", "DESTDIR": folder.url.path]
            _ = try run("install.sh", environment: environment)
            #expect(files(in: folder.url).allSatisfy { $0.hasPrefix("opt/sender/") })
            _ = try run("install.sh", "--uninstall", environment: environment)
            #expect(files(in: folder.url).isEmpty)
        }

        @Test("what has not been built is not installed, and it is said how to build it")
        func notBuilt() throws {
            let script = try ChildProcess(
                "install.sh", executable: Places.script("install.sh"), arguments: [],
                environment: [
                    "PREFIX": folder.url.path, "SENDER_BINARY": folder.file("nothing").path,
                ])
            #expect(try script.wait(seconds: 30) == 1)
            #expect(script.errors.text.contains("make build builds it"))
            #expect(files(in: folder.url).isEmpty)
        }

        @Test("the package names what it depends on, and is the same when it is made again")
        func package() throws {
            let environment = [
                "SOURCE_DATE_EPOCH": "1700000000", "DEBFULLNAME": "A Name",
                "DEBEMAIL": "a@b.example",
            ]
            // At the same time: each takes long.
            let places = ["first", "second"].map { folder.file($0) }
            let processes = try places.map { place in
                try start("make-deb.sh", [place.path], environment: environment)
            }
            var packages: [URL] = []
            for (place, process) in zip(places, processes) {
                try #require(process.wait(seconds: 120) == 0, "\(process.allOutput)")
                packages.append(
                    place.appending(path: try #require(files(in: place).first)))
            }
            #expect(packages[0].lastPathComponent.wholeMatch(of: /sender_.*-1_.*\.deb/) != nil)
            #expect(try Data(contentsOf: packages[0]) == Data(contentsOf: packages[1]))
            let control = try ChildProcess(
                "dpkg-deb", executable: URL(filePath: "/usr/bin/dpkg-deb"),
                arguments: ["--field", packages[0].path])
            #expect(try control.wait(seconds: 30) == 0)
            let fields = control.output.text
            #expect(fields.contains("Package: sender\n"))
            #expect(fields.contains(/Depends: .*libc6 .*libqpid-proton-cpp12/))
            #expect(fields.contains("Maintainer: A Name <a@b.example>\n"))
            let tree = folder.file("unpacked")
            let unpacking = try ChildProcess(
                "dpkg-deb", executable: URL(filePath: "/usr/bin/dpkg-deb"),
                arguments: ["--extract", packages[0].path, tree.path])
            #expect(try unpacking.wait(seconds: 30) == 0)
            // Debian has the licence in another place.
            #expect(
                files(in: tree.appending(path: "usr/share/doc/sender"))
                    == Self.documents.subtracting(["LICENSE"])
                    .union(["copyright", "changelog.Debian.gz"]))
        }
    }
}
