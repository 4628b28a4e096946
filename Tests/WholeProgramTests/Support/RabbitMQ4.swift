// RabbitMQ 4 with queues of every type.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A RabbitMQ of its own that has, from its first start on, the queues which a test needs.
struct RabbitMQ4 {
    /// A queue by its name and what distinguishes it.
    struct Queue {
        var name: String
        var arguments: [String: Any]

        init(_ name: String, type: String, _ more: [String: Any] = [:]) {
            self.name = name
            arguments = more.merging(["x-queue-type": type]) { $1 }
        }
    }

    let broker: RealBroker
    private let folder: TemporaryFolder

    /// Why it can't be run here; nil when it can.
    static var reasonToSkip: String? {
        RealBroker.isRabbitMQOld
            ? "skipped: the RabbitMQ here is older than 4" : RealBroker.reasonToSkip("rabbitmq")
    }

    /// Starts it with these queues, each bound to amq.direct by its name.
    init(in folder: TemporaryFolder, queues: [Queue]) throws {
        self.folder = folder
        let definitions = folder.file("definitions.json")
        try JSONSerialization.data(withJSONObject: Self.definitions(queues)).write(to: definitions)
        broker = try RealBroker(
            "rabbitmq", in: folder,
            environment: ["RABBITMQ_CONFIG_TOO": folder.file("more.conf").path],
            address: "/queues/\(queues[0].name)")
        try start(importing: definitions)
    }

    /// Starts it again, with what it has.
    func startAgain() throws {
        // A second import fails if there is a stream: 4.0.5 does not have it up yet by then.
        try start(importing: nil)
    }

    private func start(importing definitions: URL?) throws {
        try """
        deprecated_features.permit.amqp_address_v1 = false
        \(definitions.map { "load_definitions = \($0.path)" } ?? "")

        """.write(to: folder.file("more.conf"), atomically: true, encoding: .utf8)
        try broker.start()
    }

    func url(_ queue: String) -> String { "amqp://127.0.0.1:\(broker.port)//queues/\(queue)" }

    /// Kills the process of a classic queue until its supervisor gives it up: the queue is down.
    func takeDown(_ queue: String) throws {
        let said = try evaluate(
            """
            {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"\(queue)">>)),
            Name = element(2, Q),
            Kill = fun Kill(0) -> still_up;
                       Kill(N) ->
                           {ok, Now} = rabbit_amqqueue:lookup(Name),
                           Pid = amqqueue:get_pid(Now),
                           case is_process_alive(Pid) of
                               true -> exit(Pid, kill), timer:sleep(50), Kill(N - 1);
                               false -> timer:sleep(200),
                                        {ok, Then} = rabbit_amqqueue:lookup(Name),
                                        case is_process_alive(amqqueue:get_pid(Then)) of
                                            true -> Kill(N - 1);
                                            false -> down
                                        end
                           end
                   end,
            Kill(100).
            """)
        guard said.contains("down") else { throw TestFailure(said) }
    }

    /// Has the node evaluate an expression of Erlang, as an operator does.
    private func evaluate(_ expression: String) throws -> String {
        let run = folder.file("run")
        let pid = try String(contentsOf: run.appending(path: "broker.pid"), encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        let variables = try String(contentsOfFile: "/proc/\(pid)/environ", encoding: .utf8)
            .split(separator: "\0").map { $0.split(separator: "=", maxSplits: 1) }
            .filter { ["HOME", "ERL_EPMD_PORT", "RABBITMQ_NODENAME"].contains($0[0]) }
        let environment = Dictionary(
            uniqueKeysWithValues: variables.map { (String($0[0]), String($0[1])) })
        let made = try ChildProcess.run(
            ["/usr/lib/rabbitmq/bin/rabbitmqctl", "eval", expression], environment: environment,
            seconds: 60)
        return made.output + made.errors
    }

    private static func definitions(_ queues: [Queue]) -> [String: Any] {
        [
            "vhosts": [["name": "/"]],
            "users": [
                [
                    "name": "guest", "tags": ["administrator"],
                    "hashing_algorithm": "rabbit_password_hashing_sha256",
                    // "guest", behind a salt of "salt".
                    "password_hash": "c2FsdDRwMuw4kgNZhm0cEYx1m4NAR6BCdplxDdFbnDjbRIKq",
                ]
            ],
            "permissions": [
                ["user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"]
            ],
            "queues": queues.map {
                [
                    "name": $0.name, "vhost": "/", "durable": true, "auto_delete": false,
                    "arguments": $0.arguments,
                ] as [String: Any]
            },
            "bindings": queues.map {
                [
                    "source": "amq.direct", "vhost": "/", "destination": $0.name,
                    "destination_type": "queue", "routing_key": $0.name,
                    "arguments": [:] as [String: Any],
                ] as [String: Any]
            },
        ]
    }
}
