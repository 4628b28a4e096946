// The progress line on a terminal.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Progress", .serialized)
    struct ProgressTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        /// The program with standard error on a terminal, and standard output there or nowhere.
        private func start(
            _ arguments: [String], on terminal: PseudoTerminal, isOutputThere: Bool = false,
            environment: [String: String] = ["TERM": "xterm"]
        ) throws -> ChildProcess {
            try ChildProcess(
                "sender", executable: Places.sender, arguments: arguments,
                environment: ProcessInfo.processInfo.environment
                    .filter { $0.key != "TERM" }
                    .merging(environment) { $1 },
                inheritsEnvironment: false,
                output: isOutputThere ? terminal.slave : FileHandle.nullDevice,
                errors: terminal.slave)
        }

        private func end(_ process: ChildProcess) throws -> Int32 {
            try process.wait(seconds: 120)
        }

        @Test("it shows each state, fits the window, stands below all else, and goes in the end")
        func line() throws {
            let network = try Network()
            let terminal = try PseudoTerminal(columns: 120)
            let process = try start(
                [
                    "-a", "amqp://127.0.0.1:\(network.ports.client)/link1.test", "-m", "800", "-i",
                    "10",
                    "-s", "700", "-r", "--progress",
                ], on: terminal)
            try terminal.waitForDrawn("in doubt 0, sending")
            try network.broker.kill()
            try terminal.waitForDrawn("link lost - retry ")
            // All that the terminal has drawn until now was drawn for the wide window.
            let wideCount = terminal.drawn.count
            terminal.resize(columns: 50)
            try waitUntil {
                terminal.drawn.dropFirst(wideCount + 1).contains {
                    $0.count <= 49 && $0.hasPrefix("accepted ")
                        && $0.contains("link lost - retry ")
                }
            }
            terminal.resize(columns: 120)
            try network.router.kill()
            try terminal.waitForDrawn("connection lost - retry")
            try network.broker.start()
            try network.router.start(untilRouteIsUp: false)
            #expect(try end(process) == 0, "\(terminal.lines)")
            try waitUntil { terminal.lines.contains { $0.hasPrefix("summary: longest") } }
            #expect(terminal.strangeControls.isEmpty)
            let all = terminal.drawn
            #expect(all.contains { $0.hasPrefix("accepted ") && $0.contains("/800 (") })
            #expect(all.allSatisfy { !$0.hasPrefix("accepted ") || $0.count <= 119 })
            // Only sentences are left.
            #expect(!terminal.lines.contains { $0.hasPrefix("accepted ") }, "\(terminal.lines)")
            for part in [
                "sender: hint: the router is still there", "sender: credit is back after",
                "summary: taken 800 = accepted 800 +",
            ] {
                #expect(terminal.lines.contains { $0.hasPrefix(part) }, "\(terminal.lines)")
            }
            for line in terminal.lines where !line.isEmpty {
                #expect(line.hasPrefix("sender: ") || line.hasPrefix("summary: "), "\(line)")
            }
        }

        @Test("when standard output is the same terminal, its lines are left out")
        func sameTerminal() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["detach=20"])
            try broker.start()
            let terminal = try PseudoTerminal(columns: 100)
            let process = try start(
                [
                    "-a", "amqp://127.0.0.1:\(broker.port)/q", "-m", "40", "-i", "10", "-s", "50",
                    "--progress",
                ], on: terminal, isOutputThere: true)
            #expect(try end(process) == 0, "\(terminal.lines)")
            try waitUntil { terminal.lines.contains { $0.hasPrefix("summary: longest") } }
            for line in terminal.lines where !line.isEmpty {
                #expect(line.hasPrefix("sender: ") || line.hasPrefix("summary: "), "\(line)")
            }
            #expect(terminal.lines.contains { $0.hasPrefix("sender: link lost: ") })
            #expect(terminal.lines.contains { $0.hasPrefix("summary: taken 40 = accepted 40") })
        }

        @Test("who sees three lines for each of many messages is offered one line for all, once")
        func offer() throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            for (count, isOutputThere, offers) in [(250, true, 1), (100, true, 0), (250, false, 0)]
            {
                let terminal = try PseudoTerminal(columns: 100)
                let process = try start(
                    ["-a", "amqp://127.0.0.1:\(broker.port)/q", "-m", "\(count)", "-i", "0"],
                    on: terminal, isOutputThere: isOutputThere)
                #expect(try end(process) == 0, "\(terminal.lines)")
                try waitUntil { terminal.lines.contains { $0.hasPrefix("summary: longest") } }
                let found = terminal.lines.count { $0.hasPrefix("sender: hint: --progress shows") }
                #expect(found == offers, "\(terminal.lines)")
            }
        }

        @Test("missing credit is said in the line")
        func noCredit() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["withhold-credit"])
            try broker.start()
            let terminal = try PseudoTerminal(columns: 100)
            let process = try start(
                ["-a", "amqp://127.0.0.1:\(broker.port)/q", "--progress"], on: terminal)
            try terminal.waitForDrawn(
                "accepted 0/100 (0%), 0.0/s, in flight 0, in doubt 0, no cred")
            process.kill(SIGTERM)
            #expect(try end(process) == 128 + SIGTERM)
            #expect(!process.endedBySignal)
        }

        @Test("a second signal takes the line away, and waits for no terminal that is stopped")
        func secondSignal() throws {
            let broker = try StandInBroker(in: folder, misbehaving: ["withhold-outcomes"])
            try broker.start()
            for isStopped in [false, true] {
                let terminal = try PseudoTerminal(columns: 100)
                let process = try start(
                    [
                        "-a", "amqp://127.0.0.1:\(broker.port)/q", "-m", "5", "-i", "0",
                        "--drain-timeout", "600000", "--progress",
                    ], on: terminal)
                try waitUntil { terminal.lines.last?.hasSuffix("waiting for outcomes") == true }
                process.kill(SIGTERM)
                try terminal.waitForDrawn("stopping within")
                if isStopped { tcflow(terminal.slave.fileDescriptor, TCOOFF) }
                process.kill(SIGINT)
                #expect(try end(process) == 128 + SIGINT)
                #expect(!process.endedBySignal)
                if !isStopped { try waitUntil { terminal.lines.last == "" } }
            }
        }

        @Test(
            "a terminal that can't clear a line, or none, gets a sentence and no control characters",
            arguments: ["dumb", ""])
        func dumbTerminal(kind: String) throws {
            let broker = try StandInBroker(in: folder)
            try broker.start()
            let terminal = try PseudoTerminal(columns: 100)
            let process = try start(
                ["-a", "amqp://127.0.0.1:\(broker.port)/q", "-m3", "-i10", "--progress"],
                on: terminal, environment: kind.isEmpty ? [:] : ["TERM": kind])
            #expect(try end(process) == 0, "\(terminal.lines)")
            try waitUntil { terminal.lines.contains { $0.hasPrefix("summary: longest") } }
            #expect(terminal.strangeControls.isEmpty)
            #expect(terminal.lines[0].hasPrefix("sender: --progress draws no line here"))
            #expect(!terminal.lines.contains { $0.hasPrefix("accepted ") })

            let run = try SenderRun(port: broker.port, "-m", "3", "-i", "10", "--progress")
            try run.expectEnd(status: 0)
            run.expectErrors("sender: --progress draws no line here")
            #expect(!run.process.errors.text.unicodeScalars.contains { $0.value == 0x1b })
        }
    }
}
