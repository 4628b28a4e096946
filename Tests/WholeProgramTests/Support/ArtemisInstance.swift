// Artemis with logins and limits of the test's own.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// An Artemis with an acceptor for each way to log in, and data of its own.
final class ArtemisInstance {
    /// An acceptor's port, its settings behind the protocol, and the domain of its logins.
    struct Acceptor {
        let port: Int
        let settings: String

        init(_ settings: String) throws {
            port = try Places.freePort()
            self.settings = settings
        }
    }

    private let instance: URL
    private var process: ChildProcess?

    private static var home: URL {
        URL(filePath: ProcessInfo.processInfo.environment["ARTEMIS_HOME"] ?? "")
    }

    /// Makes an instance with these acceptors, and modules for their logins (JAAS) beyond its own, which
    /// lets "admin" in.
    init(in folder: TemporaryFolder, _ acceptors: [Acceptor], modules: String = "") throws {
        instance = folder.file("artemis")
        let made = try ChildProcess.run([
            Self.home.appending(path: "bin/artemis").path, "create", instance.path, "--silent",
            "--user", "admin", "--password", "admin", "--require-login", "--no-web",
            "--no-autotune", "--no-amqp-acceptor", "--no-hornetq-acceptor", "--no-mqtt-acceptor",
            "--no-stomp-acceptor", "--host", "127.0.0.1", "--default-port",
            "\(try Places.freePort())", "--java-memory", "512M", "--queues", "link1.test",
        ])
        guard made.status == 0 else { throw TestFailure(made.output + made.errors) }
        let lines = acceptors.enumerated().map { number, acceptor in
            "<acceptor name=\"login\(number)\">tcp://127.0.0.1:\(acceptor.port)?protocols=AMQP;"
                + "\(acceptor.settings)</acceptor>"
        }
        try insert(lines.joined(separator: "\n"), before: "</acceptors>")
        // Time that a login that has ended is still good for, in milliseconds.
        try insert(
            "<security-invalidation-interval>1000</security-invalidation-interval>",
            before: "<security-settings>")
        try change("login.config") { $0 + "\n" + modules + "\n" }
    }

    deinit {
        process?.kill(SIGTERM)
        _ = try? process?.wait(seconds: 20)
    }

    /// Adds to what its addresses may do, before it starts.
    func addAddressSettings(_ text: String) throws {
        try insert(text, before: "</address-settings>")
    }

    /// Lets a user in who has a role without permissions.
    func addUserWithoutPermissions(_ user: String, password: String) throws {
        try change("artemis-users.properties") { $0 + "\n\(user) = \(password)\n" }
        try change("artemis-roles.properties") { $0 + "\nguests = \(user)\n" }
    }

    private func insert(_ text: String, before tag: String) throws {
        try change("broker.xml") {
            guard $0.contains(tag) else { throw TestFailure("broker.xml has no \(tag)") }
            return $0.replacing(tag, with: "\(text)\n\(tag)")
        }
    }

    private func change(_ name: String, _ body: (String) throws -> String) throws {
        let file = instance.appending(path: "etc/\(name)")
        try body(String(contentsOf: file, encoding: .utf8))
            .write(to: file, atomically: true, encoding: .utf8)
    }

    /// Lets a user of the role in, by SCRAM.
    func addSCRAMUser(_ user: String, password: String) throws {
        let made = try ChildProcess.run([
            "java", "-cp", Self.home.appending(path: "lib").path + "/*",
            "org.apache.activemq.artemis.spi.core.security.jaas.SCRAMPropertiesLoginModule", user,
            password, "4096",
        ])
        guard made.status == 0 else { throw TestFailure(made.output + made.errors) }
        let file = instance.appending(path: "etc/scram-users.properties")
        try made.output.write(to: file, atomically: true, encoding: .utf8)
        try change("artemis-roles.properties") {
            $0.replacing(#/(?m)^amq *=.*$/#) { "\($0.output),\(user)" }
        }
    }

    /// Starts it and waits until it listens.
    func start() throws {
        let started = try ChildProcess(
            "artemis", executable: instance.appending(path: "bin/artemis"), arguments: ["run"],
            in: instance)
        process = started
        try started.waitForLine(containing: "AMQ221007", seconds: 120)
    }
}
