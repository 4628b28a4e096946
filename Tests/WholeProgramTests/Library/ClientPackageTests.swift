// Another package that depends on this one.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite(
        "A package that depends on the library", .serialized,
        .enabled(if: !Sanitizer.isThere, "its client has none"))
    struct ClientPackageTests {
        /// The sources, as a repository with a release; not those of the last commit, but as they are.
        private func makeRepository(in folder: TemporaryFolder) throws -> URL {
            let repository = folder.file("sender")
            let script = """
                mkdir sender
                tar -C '\(Places.root.path)' --exclude=./.build --exclude=./.git --exclude=./run -c . |
                    tar -C sender -x
                cd sender
                git -c init.defaultBranch=main init --quiet
                git add --all
                git -c user.name=test -c user.email=test@example.net -c commit.gpgSign=false \
                    commit --quiet --message=Sources
                git tag 1.0.0
                """
            let made = try ChildProcess.run(
                ["bash", "-euo", "pipefail", "-c", script], in: folder.url, seconds: 120)
            #expect(made.status == 0, "\(made.errors)")
            return repository
        }

        /// A package whose programs are the examples: with this package they have only what is public.
        private func makeClient(of repository: URL, in folder: TemporaryFolder) throws -> URL {
            let client = folder.file("client")
            let manifest = """
                // swift-tools-version: 6.0
                import PackageDescription

                let library: [Target.Dependency] = [.product(name: "ReliableSender", package: "sender")]
                let package = Package(
                    name: "client",
                    dependencies: [.package(url: "\(repository.absoluteString)", from: "1.0.0")],
                    targets: [
                        .executableTarget(name: "FirstMessage", dependencies: library),
                        .executableTarget(name: "OrderService", dependencies: library),
                        .executableTarget(name: "LostLink", dependencies: library),
                    ])
                """
            try FileManager.default.createDirectory(
                at: client, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: Places.root.appending(path: "Examples"), to: client.appending(path: "Sources"))
            try manifest.write(
                to: client.appending(path: "Package.swift"), atomically: true, encoding: .utf8)
            return client
        }

        @Test("it builds without flags, and its message arrives though the link is lost")
        func client() throws {
            let folder = try TemporaryFolder()
            let client = try makeClient(of: makeRepository(in: folder), in: folder)
            let built = try ChildProcess.run(
                ["swift", "build", "--cache-path", folder.file("cache").path],
                environment: ["TERM": "dumb", "TMPDIR": folder.url.path], in: client, seconds: 1_800
            )
            try #require(built.status == 0, "\(built.output) \(built.errors)")

            // The message that arrives first is not kept, and takes the link with it.
            let broker = try StandInBroker(in: folder, misbehaving: ["ignore=1", "detach=1"])
            try broker.start()
            let run = try ChildProcess(
                "client", executable: client.appending(path: ".build/debug/FirstMessage"),
                arguments: ["amqp://127.0.0.1:\(broker.port)", "orders", "hello"])
            #expect(try run.wait(seconds: 60) == 0, "\(run.allOutput)")
            let taken = try ChildProcess.run(
                [
                    Places.python.path, Places.script("receive.py").path,
                    "amqp://127.0.0.1:\(broker.port)/orders", "--typed", "--idle", "10",
                ],
                seconds: 60)
            let arrived = taken.output.split(separator: "\n")
            #expect(arrived.count == 1 && taken.output.contains("string:hello"), "\(taken)")
        }
    }
}
