// The commands of the README and of the pages of docs/, as they stand there.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Recipes of the documents", .serialized)
    struct RecipeTests {
        @Test(
            "it ends as it says and shows what it says", arguments: try RecipeReader.recipesToRun())
        func runs(recipe: Recipe) throws {
            let place = try RecipePlace(for: recipe)
            defer { place.stop() }
            let run = try place.run(recipe)
            let status = try run.wait(seconds: 180)
            #expect(status == recipe.status, "\(run.allOutput)")
            if let output = recipe.output {
                let isAsAnnounced = isShown(output[...], by: run.output.lines[...])
                #expect(isAsAnnounced, "\(run.allOutput)")
            }
        }

        @Test("the documents' commands are found, and nearly all of the pages' are run")
        func found() throws {
            let recipes = try RecipeReader.recipes()
            #expect(
                recipes.contains {
                    $0.headings.contains("Two-minute tour") && $0.reasonNotToRun == nil
                })
            for page in ["docs/guide.md", "docs/events.md", "docs/operating.md"] {
                #expect(recipes.contains { $0.document == page && $0.reasonNotToRun == nil })
            }
            // Outside the README, what can't be run is the exception.
            let own = recipes.filter { $0.document != "README.md" }
            #expect(own.count { $0.reasonNotToRun != nil } * 4 <= own.count)
        }

        @Test("headings, comments, commands and what they show are told apart")
        func read() throws {
            let text = """
                # A
                ## Recipes
                <!-- set-up one:
                x
                y -->
                <!-- set-up two: z -->
                Text.
                ### B
                <!-- needs: one two -->
                <!-- status: 1 -->
                ```sh
                sender
                ```

                ```text
                ...
                ```
                ## C
                <!-- not run: why -->
                ```sh
                make
                ```
                Text.
                ```text
                other
                ```
                """
            let recipes = try RecipeReader(text).recipes
            #expect(recipes.map(\.headings) == [["A", "Recipes", "B"], ["A", "C"]])
            #expect(recipes.map(\.commands) == ["sender", "make"])
            #expect(recipes.map(\.line) == [11, 20])
            #expect(recipes.map(\.status) == [1, 0])
            #expect(recipes.map(\.preparation) == ["x\ny\nz\n", ""])
            #expect(recipes.map(\.reasonNotToRun) == [nil, "why"])
            #expect(recipes.map(\.output) == [["..."], nil])
        }

        @Test(
            "what would be passed over in silence is a fault",
            arguments: [
                "```bash\nsender\n```", "```console\nsender\n```",
                "```\nsender\n```", "<!-- not run -->\n```sh\n```",
                "<!-- not run: -->\n```sh\n```", "<!-- nor run: why -->\n```sh\n```",
                "<!-- not run: why -->\nText.\n```sh\n```", "<!-- not run: why -->",
                "```sh\nsender",
                "<!-- status: x -->\n```sh\n```", "<!-- not run: why",
                "<!-- needs: x -->\n```sh\n```", "<!-- needs: -->\n```sh\n```",
                "<!-- set-up x: y -->", "<!-- set-up x: -->", "<!-- set-up : y -->",
                "<!-- set-up x: y -->\n<!-- set-up x: z -->\n<!-- needs: x -->\n```sh\n```",
            ])
        func faults(text: String) {
            #expect(throws: RecipeFault.self) { try RecipeReader(text) }
        }

        @Test("dots stand for lines and for text, and for nothing else")
        func shown() {
            let lines = ["a", "b 12 c", "d"][...]
            for announced in [
                ["a", "b 12 c", "d"], ["...", "d"], ["a", "..."], ["..."], ["a", "b ... c", "d"],
                ["a", "b...", "d"], ["a", "b...2...", "d"], ["...", "...c", "..."],
                ["a", "b 12 c", "d", "..."],
            ] {
                #expect(isShown(announced[...], by: lines), "\(announced)")
            }
            for announced in [
                [], ["a"], ["d", "..."], ["...", "a"], ["a", "...", "b"], ["...", "b ...d", "d"],
                ["a", "12 c", "d"], ["a", "...12", "d"], ["a", "b 1...12 c", "d"],
            ] {
                #expect(!isShown(announced[...], by: lines), "\(announced)")
            }
        }
    }
}

/// The place of a recipe's run: a folder, a broker and a router of its own.
private final class RecipePlace {
    private let folder: TemporaryFolder
    private let ports: StandInRouter.Ports
    /// Ports of ours by those that a recipe names.
    private let ownPorts: [String: Int]
    /// Commands of make are the project's own, and start their own peers.
    private let network: Network?

    init(for recipe: Recipe) throws {
        let usesMake = recipe.commands.contains("make ")
        network = usesMake ? nil : try Network()
        folder = try TemporaryFolder()
        ports = try network?.ports ?? StandInRouter.Ports(broker: try Places.freePort())
        ownPorts = [
            "5672": ports.client, "9001": ports.broker, "5671": try Places.freePort(),
            "5673": try Places.freePort(),
        ]
        try FileManager.default.createSymbolicLink(
            at: folder.file("sender"), withDestinationURL: Places.sender)
        try FileManager.default.createDirectory(
            at: folder.file("work"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            at: folder.file("work/scripts"),
            withDestinationURL: Places.root.appending(path: "scripts"))
    }

    /// Starts it, with standard error among its output.
    func run(_ recipe: Recipe) throws -> ChildProcess {
        let place = network == nil ? Places.root : folder.file("work")
        let script = """
            exec 2>&1
            cd '\(place.path)'
            trap 'kill -KILL $(jobs -p) 2>/dev/null || true' EXIT
            \(onOurPorts(recipe.preparation))
            \(onOurPorts(recipe.commands))
            """
        return try ChildProcess(
            "recipe", executable: URL(filePath: "/bin/bash"),
            arguments: ["-euo", "pipefail", "-c", script], environment: environment)
    }

    private var environment: [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return [
            "PATH": "\(folder.url.path):\(path)", "RUN_DIR": folder.file("run").path,
            "BROKER": "stand-in", "ROUTER": "stand-in", "AMQP_PORT": "\(ports.client)",
            "HTTP_PORT": "none", "BROKER_PORT": "\(ports.broker)",
        ]
    }

    /// Those that are named, or that a URL need not name, may be in use on this machine.
    private func onOurPorts(_ commands: String) -> String {
        let standard = ["amqp": "5672", "amqps": "5671"]
        return
            commands
            .replacing(/(amqps?):\/\/(127\.0\.0\.1|localhost)(?![:0-9])/) {
                "\($0.output.0):\(standard[String($0.output.1)] ?? "")"
            }
            .replacing(/((?:127\.0\.0\.1|localhost):|"port": )([0-9]+)/) { match in
                let port = String(match.output.2)
                return match.output.1 + (self.ownPorts[port].map(String.init) ?? port)
            }
    }

    /// Stops what make has started, also when the recipe did not come so far.
    func stop() {
        guard network == nil else { return }
        for script in ["stop-routers.sh", "stop-broker.sh"] {
            let stopping = try? ChildProcess(
                script, executable: Places.script(script), arguments: [], environment: environment)
            _ = try? stopping?.wait(seconds: 60)
        }
    }
}
