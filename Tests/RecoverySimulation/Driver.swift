// Drives the machines as their caller does, in virtual time.
// SPDX-License-Identifier: Apache-2.0

package import AMQP
package import LinkRecovery

/// One run of the machines: what happens to them, what they want, and the rules checked all along.
package struct Driver {
    package var machine: Machine
    /// The rules as each sender has to keep them.
    package private(set) var allRules: [Rules]
    private var sharedRules = SharedRules()
    package var now = Driver.start
    /// Bytes that the peer has not read.
    package var outgoingBytes: Int {
        get { recorder.outgoingBytes }
        set { recorder.outgoingBytes = newValue }
    }
    /// The context that the machines act on.
    package var recorder: Recorder
    /// More may come, so that an empty source is not at its end.
    package var isSourceOpen = false
    /// The next message is there, and only kept back for a moment.
    package var isSourceDelayed = false
    /// Whether every event and action is printed.
    package var isTraced = false
    /// All that was asked for since it was last taken out.
    package var log: [Action] = []
    /// Failures besides broken rules.
    package private(set) var failures: [String] = []

    private var isSourceEnded: [Bool]
    private let allowsWaitsOfZero: Bool

    /// So few that a turn has more than one taking.
    private static let takenAtOnceMax = 3

    package static let start = Instant(milliseconds: 1_000_000)

    package init(
        options: RecoveryOptions, pace: SendPace, endpointCount: Int = 1, sizes: [[Int]],
        seed: UInt64 = 1, breach: Breach? = nil
    ) {
        machine = Machine(
            options: options, pace: pace, senderCount: sizes.count, endpointCount: endpointCount,
            seed: seed, breach: breach)
        allRules = sizes.indices.map {
            Rules(
                of: SenderID($0), isAlone: sizes.count == 1, options: options, pace: pace,
                endpointCount: endpointCount)
        }
        recorder = Recorder(sizes: sizes)
        isSourceEnded = Array(repeating: false, count: sizes.count)
        // Within a round of endpoints there is no wait, and full jitter may draw one of 0.
        allowsWaitsOfZero = options.retry.jitter >= 1 || endpointCount > 1
    }

    /// The rules of the first sender.
    package var rules: Rules {
        _read { yield allRules[0] }
    }
    package var isFinished: Bool { allRules[0].isFinished }
    package var summary: Summary { machine.summary(now: now) }
    package var status: Status { machine.status(now: now) }
    package var timings: Timings { machine.timings(now: now) }
    package var elapsed: Milliseconds { now - Driver.start }

    /// All that went wrong, rules and else.
    package var violations: [String] {
        allRules.indices.flatMap { allRules[$0].violations } + sharedRules.violations + failures
    }
    package var isBroken: Bool {
        for index in allRules.indices where !allRules[index].violations.isEmpty { return true }
        return !sharedRules.violations.isEmpty || !failures.isEmpty
    }

    // MARK: Steps

    /// Hands one event in, and checks the rules.
    package mutating func handle(_ event: Event) {
        guard !isFinished else { return }
        tellOthers()
        for index in allRules.indices { allRules[index].begin(event, now: now, recorder) }
        machine.handle(event, now: now, with: &recorder)
        conclude(event)
    }

    /// Checks what an event has led to, and keeps it for the peer.
    private mutating func conclude(_ event: Any) {
        end(recorder.actions)
        if isTraced { trace(event) }
        log += recorder.actions
        recorder.actions.removeAll(keepingCapacity: true)
    }

    /// Tells the rules of each sender what they have to know of the others.
    private mutating func tellOthers() {
        guard allRules.count > 1 else { return }
        var each: [SharedRules.Others] = []
        for index in allRules.indices { each.append(allRules[index].seenByOthers()) }
        for index in each.indices {
            var others = SharedRules.Others()
            for other in each.indices where other != index { others.add(each[other]) }
            allRules[index].others = others
        }
    }

    /// Holds what the machines want against the rules.
    private mutating func end(_ actions: [Action]) {
        let summary = machine.summary(now: now)
        for action in actions {
            sharedRules.check(action, allRules)
            for index in allRules.indices { allRules[index].note(action) }
            tellOthers()
        }
        for index in allRules.indices {
            let id = SenderID(index)
            var own = allRules.count == 1 ? summary : machine.summary(of: id, now: now)
            own.reconnects = summary.reconnects
            allRules[index].end(actions, own, footprint: machine.footprint(of: id))
        }
        sharedRules.check(summary, allRules)
    }

    private func trace(_ event: Any) {
        print(elapsed, event)
        for action in recorder.actions { print("        ", action) }
    }

    /// Takes what can be taken, as the caller does at the end of every batch and wake-up.
    package mutating func turn(afterTime: Bool = false) {
        for sender in recorder.offered.indices { take(for: sender) }
        handle(.turnEnded(isSourceDelayed: isSourceDelayed))
        tellOthers()
        for index in allRules.indices {
            allRules[index].endTurn(
                nextSize: recorder.offered[index].last, isSourceDelayed: isSourceDelayed)
        }
        guard afterTime, !isFinished, let armed = rules.armedAt else { return }
        let isLater = allowsWaitsOfZero ? armed >= now : armed > now
        if !isLater { failures.append("a wake-up in the past is armed again: a hot loop") }
    }

    private mutating func take(for sender: Int) {
        while !isFinished, takeSome(for: SenderID(sender)) {}
        if recorder.offered[sender].isEmpty, !isSourceOpen, !isSourceEnded[sender] {
            isSourceEnded[sender] = true
            handle(.sourceEnded(SenderID(sender)))
        }
    }

    /// Lets a sender take the messages that there is room for, but few at once; returns whether it took any.
    private mutating func takeSome(for sender: SenderID) -> Bool {
        let offered = recorder.offered[sender.index].suffix(Self.takenAtOnceMax)
        guard !offered.isEmpty else {
            // The machine sees that there is nothing.
            return machine.takeMessages(for: sender, atMost: 1, now: now, with: &recorder) > 0
        }
        tellOthers()
        let count = machine.takeMessages(
            for: sender, atMost: Self.takenAtOnceMax, now: now, with: &recorder)
        guard count > 0 else { return false }
        let sizes = Array(offered.reversed().prefix(count))
        for index in allRules.indices {
            allRules[index].begin(
                sizes, through: recorder.lastOffered[sender.index], of: sender, now: now)
        }
        conclude("sender \(sender.index) takes \(sizes)")
        return true
    }

    package mutating func begin() {
        handle(.started)
        turn()
    }

    package mutating func stop() {
        handle(.stopRequested())
        turn()
    }

    package mutating func offer(_ count: Int, size: Int) {
        for sender in recorder.offered.indices {
            recorder.offered[sender].insert(contentsOf: Array(repeating: size, count: count), at: 0)
        }
        wake()
    }

    /// Ends a batch.
    package mutating func endBatch(_ connection: ConnectionID) {
        handle(.batchEnded(connection))
        turn()
    }

    /// Says that time came, at this very moment.
    package mutating func wake() {
        handle(.timeCame)
        turn(afterTime: true)
    }

    package mutating func fail(_ sentence: String) {
        failures.append(sentence)
    }
}
