// Senders that lines of an input ask for.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Synchronization

/// The addresses of senders that were made while the run went on.
///
/// - Isolation: any thread.
final class OnDemandSenders: Sendable {
    private struct Entry {
        var address: String
        /// As it begins a line of text.
        var label: String
    }

    private let entries = Mutex<[SenderID: Entry]>([:])

    init() {}

    /// For a run whose lines may name addresses; nil for another.
    convenience init?(_ options: RunOptions) {
        guard options.input.input == .json, options.destinations.all.count == 1 else { return nil }
        self.init()
    }

    /// Notes where a sender sends to; its id may have been that of one that has ended.
    func note(_ sender: SenderID, sendsTo address: String) {
        let entry = Entry(address: address, label: printable(address) + ": ")
        entries.withLock { $0[sender] = entry }
    }

    /// The address of a sender; nil for one of the run's own.
    func address(of sender: SenderID) -> String? {
        entries.withLock { $0[sender]?.address }
    }

    /// Its name at the beginning of a line, which tells it from others.
    func label(of sender: SenderID) -> String? {
        entries.withLock { $0[sender]?.label }
    }
}

extension OnDemandSenders {
    /// The account of each address, and one for those whose links were closed for others; none where no line has
    /// named any.
    func accounts(of sent: SendingResult, unaddressed: String) -> [Closing.Account] {
        let named = entries.withLock { $0 }
        guard !named.isEmpty else { return [] }
        var accounts = [Closing.Account(address: unaddressed)]
        var places = [ExactText(unaddressed): 0]
        for (index, summary) in sent.summaries.enumerated() {
            let address = named[SenderID(index)]?.address ?? unaddressed
            let place = places[ExactText(address)] ?? accounts.count
            if place == accounts.count { accounts.append(Closing.Account(address: address)) }
            places[ExactText(address)] = place
            accounts[place].summary.add(summary)
        }
        if sent.formerSummary.taken > 0 {
            accounts.append(Closing.Account(address: nil, summary: sent.formerSummary))
        }
        for place in accounts.indices {
            accounts[place].summary.reconnects = sent.summary.reconnects
            accounts[place].summary.elapsed = sent.summary.elapsed
        }
        return accounts
    }
}

extension OnDemandSenders: Hashable {
    static func == (left: OnDemandSenders, right: OnDemandSenders) -> Bool { left === right }

    func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(self))
    }
}
