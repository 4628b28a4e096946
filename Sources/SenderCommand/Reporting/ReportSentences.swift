// Sentences for reports of the library.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import ReliableSender

extension Notice {
    /// The notice as a sentence, with the way out.
    var sentence: String {
        switch self {
        case .noCredit(let time):
            "the link is open, but no credit has come for \(time) ms: "
                + "the broker or the route to it takes no messages now"
        case .reopenedForCredit:
            "still no credit and nothing in flight: the link is closed and opened again"
        // Seen behind qdrouterd 1.19: RabbitMQ 3.10 for the one, RabbitMQ 4.0.5 for the other. Both end the router's
        // session, which no sender sees.
        case .attachUnanswered(let attempt):
            "attach \(attempt) was not answered: the broker may hold this queue with a different "
                + "durability (--target-durability says which one to ask for), or not know the "
                + "address (after host and port, RabbitMQ 4 wants //queues/NAME)"
        case .beginUnanswered(let attempt):
            "attach \(attempt) was not answered, nor was the begin of its session: the peer hangs, or "
                + "takes no more sessions: ask its operator for the limit"
        case .sessionGivenUp:
            "no attach on this session was answered: another session is tried"
        case .lookUpUnanswered:
            "the name server did not answer in time"
        case .connectUnanswered:
            "the peer did not answer the connect in time"
        case .outcomeOverdue(let time):
            "the oldest message in flight has no outcome after \(time) ms: "
                + "the link is given up and opened again"
        case .windowClosed(let time):
            "the oldest message in flight has no outcome after \(time) ms, and not everything has left: the "
                + "peer keeps its session window closed, or does not read: the link is given up and "
                + "opened again"
        case .routeLost:
            "the router has lost the route behind the link: another link is opened"
        case .unknownState(let descriptor):
            "the peer settles messages with the state \(quoted(cut(descriptor))), which is no outcome: "
                + "they are sent again, and may arrive more than once; --redeliveries limits that"
        case .rejectionReturned(let condition):
            "the peer rejects messages for now (\(condition.line)): they are sent again until it takes "
                + "them; --redeliveries limits that"
        case .closeUnanswered:
            "the peer did not answer the close in time"
        case .stopping(let time):
            "stopping: waiting up to \(time) ms for what was taken; "
                + "a second signal ends the process at once"
        }
    }
}

extension Notice {
    /// The notice's meaning for an input whose messages go to several addresses.
    var wordsForSharedInput: String {
        guard case .noCredit = self else { return "" }
        return "; the input waits for it once the other addresses are a window ahead"
    }
}

extension GivenUpReason {
    var words: String {
        switch self {
        case .undeliverableHere:
            "the broker says that it can't be delivered there"
        case .tooLarge(let size, let limit):
            "it has \(size) bytes, and the link takes at most \(limit)"
        case .redeliveriesUsedUp:
            "it was returned more often than --redeliveries allows"
        }
    }
}

extension End {
    /// The reason for an early end; nil when the run finished.
    ///
    /// `unreached` is the peer of the last failed connect; `hasUser`: a user was given.
    func sentence(unreached: String? = nil, hasUser: Bool = true) -> String? {
        switch self {
        case .finished:
            nil
        case .stopped:
            "stopped"
        case .connectionFailed(let condition):
            unreached.map { condition.failure(toConnectTo: $0) }
                ?? "the connection failed: \(condition.line)"
        case .authenticationRefused(let condition) where condition.isOwnRefusal:
            "the login failed: \(condition.line)"
        case .authenticationRefused(let condition):
            "the peer refused the authentication: \(condition.line); "
                + condition.authenticationHint(hasUser: hasUser)
        case .fatalCondition(let condition) where condition.isRedirect:
            "the peer redirects its clients elsewhere, and redirects are not followed: \(condition.line); "
                + condition.redirectHint
        case .fatalCondition(let condition):
            "the peer gave an error that a retry does not cure: \(condition.line)"
        case .attemptsUsedUp(let attempts, let condition):
            "gave up after \(counted(attempts, "attempt")) in a row"
                + (condition == .none
                    ? ""
                    : ": "
                        + (unreached.map { condition.failure(toConnectTo: $0) } ?? condition.line))
        case .creditTimedOut(let time):
            "gave up after \(time) ms without credit, as --credit-timeout says"
        case .unflushed(let condition):
            "everything was sent, but the peer may not have read the last messages: \(condition.line)"
        case .settledRefused:
            "the peer insists on an outcome for every message: leave --pre-settled out"
        case .unsettledRefused:
            "the peer gives no outcomes, and wants every message settled: --pre-settled sends them so"
        }
    }
}

extension ErrorCondition {
    /// The sentence about a failed connect.
    func failure(toConnectTo peer: String) -> String {
        "can't connect to \(printable(peer)): \(plainWords)"
    }

    /// The error of the system or name server, without proton's additions.
    var plainWords: String {
        if name == ConditionName.unusableFile { return printable(description) }
        guard name == ConditionName.socketError || name.hasPrefix(ConditionName.lookUpPrefix),
            !description.isEmpty
        else {
            return line
        }
        let words = description.split(separator: " - ", maxSplits: 1).first ?? ""
        return printable(words.prefix(1).lowercased() + words.dropFirst())
    }

    /// The hint with the target of a redirect (§2.8.16, §2.8.17).
    fileprivate var redirectHint: String {
        guard let host = infoText("network-host") ?? infoText("hostname") else {
            return "it does not say where to: ask its operator"
        }
        let port = info.first { $0.key.text == "port" }?.value.json.value.kindWords
        let address = infoText("address").map { "/" + $0 } ?? ""
        let place =
            (host.contains(":") ? "[\(host)]" : host) + (port.map { ":" + $0 } ?? "") + address
        return "to use \(quoted(cut(place))), give it with -a"
    }

    /// Whether it is this side that refuses a login, in words of its own.
    fileprivate var isOwnRefusal: Bool {
        description.contains("(Authentication failed [mech=")
    }

    /// The hint after a refused authentication, by the mechanism in proton's description.
    fileprivate func authenticationHint(hasUser: Bool) -> String {
        if description.contains("[mech=none]") {
            return hasUser
                ? "it offers no SASL mechanism that may be used: see --sasl-mechanisms"
                : Self.userHint
        }
        if description.contains("[mech=EXTERNAL]") { return "check the client certificate" }
        let hasToken =
            description.contains("[mech=OAUTHBEARER]") || description.contains("[mech=XOAUTH2]")
        if hasToken { return "check the token and its expiry" }
        // Artemis offers ANONYMOUS, and closes the connection if it wants a login.
        return hasUser ? "check user and password" : Self.userHint
    }

    private static let userHint =
        "it requires a login: add --user USER, or see --sasl-mechanisms"
}
