// What a command line says, read and checked.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Sending

/// The options of one run; the defaults are those of the contract with the user.
struct CommandOptions: Hashable {
    var target: TargetURL?
    /// Wins over the user in the URL.
    var user: String?
    /// Wins over the password in the URL, and is never printed.
    var password: String?
    var mayReconnect = false
    var messages = 100
    var interval: Milliseconds = 1000
    var burst = 1
    var retryInterval: Milliseconds = 2000
    var isDurable = true
    /// nil: as durable as the messages.
    var targetDurability: TargetDurability?
    /// As given, with `none` among them; nil: the default.
    var capabilities: [String]?
    var isQuiet = false
}

/// A run's options that are complete and do not contradict each other.
struct RunOptions: Hashable {
    var target: TargetURL
    var user: String?
    var password: String?
    var isPasswordOnCommandLine: Bool
    var messages: Int
    var isDurable: Bool
    var isQuiet: Bool
    var sending: SendingOptions

    init(_ given: CommandOptions) throws(UsageError) {
        guard let target = given.target else {
            throw UsageError("--address is missing: say where to, as in -a amqp://host/address")
        }
        self.target = target
        user = given.user ?? target.user
        password = given.password ?? target.password
        guard user != nil || password == nil else {
            throw UsageError("a password is given without a user: add --user USER")
        }
        isPasswordOnCommandLine = password != nil
        messages = given.messages
        isDurable = given.isDurable
        isQuiet = given.isQuiet

        let endpoint = Endpoint(
            host: target.host, port: target.port, user: user, password: password)
        sending = SendingOptions(endpoints: [endpoint], address: target.address)
        sending.targetDurability =
            given.targetDurability ?? (given.isDurable ? .unsettledState : .none)
        if let capabilities = given.capabilities {
            sending.capabilities = try Self.asked(capabilities)
        }
        sending.pace.interval = given.interval
        sending.pace.burst = given.burst
        sending.recovery.mayReconnect = given.mayReconnect
        sending.recovery.retry = RetryPolicy(interval: given.retryInterval)
    }

    private static func asked(_ capabilities: [String]) throws(UsageError) -> [String] {
        guard capabilities.contains("none") else { return capabilities }
        guard capabilities.allSatisfy({ $0 == "none" }) else {
            throw UsageError(
                "--capability none contradicts another --capability: give one or the other")
        }
        return []
    }
}
