// Routers that people use, as scripts/start-router.sh runs them.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// qdrouterd or skrouterd with one of the project's own configurations, on free ports.
final class RealRouter {
    private let name: String
    private let configuration: String
    private let folder: TemporaryFolder
    private let ports: StandInRouter.Ports
    private var process: ChildProcess?

    init(
        _ name: String, _ configuration: String, ports: StandInRouter.Ports,
        in folder: TemporaryFolder
    ) {
        self.name = name
        self.configuration = configuration
        self.ports = ports
        self.folder = folder
    }

    deinit {
        if process != nil { try? stop() }
    }

    /// Whether it can be run here.
    static func isThere(_ name: String) -> Bool {
        let asked = try? ChildProcess.run(
            [Places.script("start-router.sh").path, "--which"], environment: ["ROUTER": name],
            seconds: 60)
        return asked?.status == 0
    }

    private var environment: [String: String] {
        [
            "ROUTER": name, "RUN_DIR": folder.file("run").path, "AMQP_PORT": "\(ports.client)",
            "HTTP_PORT": "none", "INTER_ROUTER_PORT": "\(ports.interRouter)",
            "BROKER_PORT": "\(ports.broker)",
        ]
    }

    /// Starts it and waits until it answers.
    func start() throws {
        process = try ChildProcess(
            name, executable: Places.script("start-router.sh"), arguments: [configuration],
            environment: environment)
        let probe = try ChildProcess(
            "probe", executable: Places.python,
            arguments: [Places.standIn("probe.py"), "127.0.0.1:\(ports.client)", "--wait", "180"])
        guard try probe.wait(seconds: 190) == 0 else {
            throw TestFailure(
                "\(name) is not ready:\n\(probe.allOutput)\(process?.allOutput ?? "")")
        }
    }

    private func stop() throws {
        let script = try ChildProcess(
            "stop-routers", executable: Places.script("stop-routers.sh"), arguments: [],
            environment: environment)
        _ = try script.wait(seconds: 40)
        _ = try process?.wait(seconds: 10)
        process = nil
    }
}
