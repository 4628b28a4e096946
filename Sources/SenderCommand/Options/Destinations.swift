// The targets of a run.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The addresses of a run, and the links to each: those of the first address come first.
struct Destinations: Hashable {
    /// A destination for each address.
    var all: [Destination]
    /// Links to each address, at least 1.
    var linkCount = 1
    /// The pace of the messages to each.
    var pace = SendPace.flatOut
    /// Senders to addresses that lines of the input name; nil where none may.
    var onDemand: OnDemandSenders?

    /// The address whose messages a sender takes, as an index.
    func index(of sender: SenderID) -> Int { onDemand == nil ? sender.index / linkCount : 0 }

    /// The address that a sender sends to.
    func address(of sender: SenderID) -> String {
        onDemand?.address(of: sender) ?? all[index(of: sender)].address
    }

    /// The same, if it is one of several; nil if it is that of the run.
    func addressOfSeveral(_ sender: SenderID) -> String? {
        all.count > 1 ? address(of: sender) : onDemand?.address(of: sender)
    }

    /// The number of a sender's link among those to its address, from 1 on; nil for the only one.
    func linkNumber(of sender: SenderID) -> Int? {
        linkCount == 1 || onDemand?.address(of: sender) != nil ? nil : sender.index % linkCount + 1
    }

    /// A route for each link, from the source of its address.
    func routes(from sources: [any MessageSource]) -> [SenderRoute] {
        zip(all, sources).flatMap { destination, source in
            (0..<linkCount).map { link in
                var pace = pace
                pace.share(among: linkCount, as: link)
                return SenderRoute(to: destination, from: source, pace: pace)
            }
        }
    }

    /// By sender, what tells the run's own from each other; empty when there is only one.
    var labels: [String] {
        guard all.count > 1 || linkCount > 1 else { return [] }
        return (0..<all.count * linkCount).map { index in
            let sender = SenderID(index)
            let parts = [
                all.count > 1 ? printable(address(of: sender)) : nil,
                linkNumber(of: sender).map { "link \($0)" },
            ]
            return parts.compactMap(\.self).joined(separator: " ")
        }
    }
}

extension Destinations {
    init(
        _ given: CommandOptions, addresses: [String], input: InputOptions
    ) throws(UsageError) {
        for (option, isGiven) in [
            ("--interval", given.interval != nil), ("--burst", given.burst != nil),
        ] where isGiven && given.rate != nil {
            throw UsageError("--rate and \(option) contradict each other: give one of them")
        }
        let capabilities = try given.capabilities.map(Self.asked)
        all = addresses.map { address in
            var destination = Destination(address: address)
            destination.durability =
                given.targetDurability ?? (given.prototype.isDurable ? .unsettledState : .none)
            if let capabilities { destination.capabilities = capabilities }
            destination.isPreSettled = given.isPreSettled
            return destination
        }
        linkCount = given.links
        pace.interval = given.interval ?? (input.input == .counted ? 1000 : 0)
        pace.burst = given.burst ?? 1
        if let rate = given.rate {
            pace.interval = 0
            pace.rate = rate
        }
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

extension SendPace {
    /// Makes it that of one link of several which share the rate, and take turns.
    fileprivate mutating func share(among linkCount: Int, as link: Int) {
        guard rate > 0 else { return }
        rateDelay = Milliseconds((Double(link) * 1000 / rate).rounded())
        rate /= Double(linkCount)
    }
}
