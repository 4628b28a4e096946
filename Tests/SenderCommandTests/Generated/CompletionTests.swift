// Completions in their shells.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SenderCommand

/// A command line and what is to be offered for its last word.
struct CompletionCase: CustomTestStringConvertible {
    var line: String
    var offers: [String]

    init(_ line: String, _ offers: String...) {
        self.line = line
        self.offers = offers
    }

    var testDescription: String { line }

    /// Some options of each kind, so that others do not change what is offered.
    static let table: [CommandOption] = [
        .address, .user, .messages, .durable, .targetDurability, .duplicateID, .reconnect,
        .senderRetryInterval, .retryAttempts, .retryJitter, .fatal, .retryable, .journal, .quiet,
        .help, .version, .generate,
    ]

    static let all = [
        CompletionCase("sender --retry-", "--retry-attempts", "--retry-jitter"),
        // Values: words, files, and none where nothing is known.
        CompletionCase("sender --target-durability ", "configuration", "none", "unsettled-state"),
        CompletionCase("sender --target-durability=un", "--target-durability=unsettled-state"),
        CompletionCase("sender -q --fatal q", "qd:no-route-to-dest", "qd:routed-link-lost"),
        CompletionCase("sender --fatal=qd:no", "--fatal=qd:no-route-to-dest"),
        CompletionCase(
            "sender -a amqp://127.0.0.1/link1.test --fatal=qd:no", "--fatal=qd:no-route-to-dest"),
        CompletionCase("sender --generate complete-b", "complete-bash"),
        CompletionCase("sender --journal a", "a file.log"),
        CompletionCase("sender --journal=a", "--journal=a file.log"),
        CompletionCase("sender --messages a"),
        // Once, unless it may be given again.
        CompletionCase(
            "sender --quiet --re", "--reconnect", "--retry-attempts", "--retry-jitter",
            "--retryable"),
        CompletionCase("sender -r --re", "--retry-attempts", "--retry-jitter", "--retryable"),
        CompletionCase("sender --retry-jitter=1 --retry-j"),
        CompletionCase("sender --fatal x --fat", "--fatal"),
        // One of two that contradict each other.
        CompletionCase("sender --non", "--non-durable"),
        CompletionCase("sender --durable --non"),
        CompletionCase("sender --non-durable --dur"),
        // Several letters behind one minus, and a value behind them.
        CompletionCase("sender -qm 5 --qu"),
        CompletionCase("sender -qs5 --sender"),
        // The value of this one can only be written with =.
        CompletionCase("sender --duplicate-id --jou", "--journal"),
        CompletionCase("sender --duplicate-id=x --jou", "--journal"),
        // An option without its dashes, or a topic.
        CompletionCase("sender --help mess", "messages"),
        CompletionCase("sender --help wo", "words"),
        // Behind this there are no options.
        CompletionCase("sender -- --qu"),
    ]
}

@Suite(.endsIfItHangs) struct CompletionTests {
    private func offers(
        _ shell: CompletingShell, _ line: String, _ table: [CommandOption]
    ) throws -> [String] {
        let folder = try TemporaryFolder()
        for name in ["a file.log", "other.log"] { try Data().write(to: folder.file(name)) }
        return try shell.offers(for: line, of: table, in: folder.url)
    }

    @Test(
        "the shell offers what may follow", arguments: CompletingShell.allCases, CompletionCase.all)
    func shellOffers(shell: CompletingShell, wanted: CompletionCase) throws {
        #expect(try offers(shell, wanted.line, CompletionCase.table) == wanted.offers)
    }

    @Test("the shell offers every option that there is", arguments: CompletingShell.allCases)
    func allOptions(shell: CompletingShell) throws {
        let names = CommandOption.all.flatMap(\.longNames).map { "--\($0)" }
        #expect(try offers(shell, "sender --", CommandOption.all) == names.sorted())
    }
}
