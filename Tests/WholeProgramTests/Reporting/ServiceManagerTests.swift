// The datagrams of sd_notify that a service manager gets.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("Service manager", .serialized)
    struct ServiceManagerTests {
        @Test(
            "it hears of the first credit, what is waited for, a loop that turns, and the stop",
            arguments: [false, true])
        func run(isAbstract: Bool) throws {
            let folder = try TemporaryFolder()
            let manager = try Listener(in: folder, isAbstract: isAbstract)
            let broker = try StandInBroker(in: folder)
            let run = try SenderRun(
                [
                    "-a", "amqp://127.0.0.1:\(broker.port)/link1.test", "-r", "-s", "200", "-i",
                    "100",
                ],
                environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "10000000"])
            try manager.wait(for: "STATUS=connection lost - retry ")
            try manager.wait(for: "WATCHDOG=1")
            #expect(!manager.lines.contains("READY=1"))
            try broker.start()
            try manager.wait(for: "READY=1")
            try manager.wait(for: "STATUS=sending")
            run.process.kill(SIGTERM)
            try manager.wait(for: "STOPPING=1")
            try run.expectEnd(status: 128 + SIGTERM)
        }

        @Test(
            "pings are for the process that they are asked of, and a name that leads nowhere does no harm"
        )
        func names() throws {
            let folder = try TemporaryFolder()
            let manager = try Listener(in: folder, isAbstract: false)
            let broker = try StandInBroker(in: folder)
            try broker.start()
            // The watchdog's variables are those of another process.
            let run = try SenderRun(
                ["-a", "amqp://127.0.0.1:\(broker.port)/link1.test", "-m", "15", "-i", "100"],
                environment: [
                    "NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1",
                ])
            try run.expectAllAccepted(15)
            try manager.wait(for: "STOPPING=1")
            #expect(manager.lines.contains("READY=1") && !manager.lines.contains("WATCHDOG=1"))
            for name in ["", "x", "/nowhere/\(UUID())", "/" + String(repeating: "x", count: 200)] {
                let run = try SenderRun(
                    ["-a", "amqp://127.0.0.1:\(broker.port)/link1.test", "-m", "1"],
                    environment: ["NOTIFY_SOCKET": name])
                try run.expectAllAccepted(1)
            }
        }
    }
}

/// Another program's socket for datagrams, as it has no name that this one could not have.
private final class Listener {
    let name: String
    private let process: ChildProcess

    init(in folder: TemporaryFolder, isAbstract: Bool) throws {
        name = isAbstract ? "@sender-\(UUID())" : folder.file("notify").path
        process = try ChildProcess(
            "manager", executable: Places.python,
            arguments: [
                "-c",
                """
                import socket, sys
                manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                manager.bind(sys.argv[1].replace("@", "\\0"))
                print("ready", flush=True)
                while True:
                    print(manager.recv(4096).decode(), flush=True)
                """, name,
            ])
        try process.waitForLine(containing: "ready")
    }

    var lines: [String] { process.output.lines }

    func wait(for text: String) throws {
        try process.waitForLine(containing: text)
    }
}
