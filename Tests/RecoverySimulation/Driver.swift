// Drives the machines as their caller does, in virtual time.
// SPDX-License-Identifier: Apache-2.0

package import AMQP
package import LinkRecovery

/// One run of the machines: what happens to them, what they want, and the rules checked all along.
package struct Driver {
    package private(set) var machine: Machine
    package private(set) var rules: Rules
    package var now = Driver.start
    /// Bytes that the peer has not read.
    package var outgoingBytes: Int {
        get { recorder.outgoingBytes }
        set { recorder.outgoingBytes = newValue }
    }
    /// What the machines act on.
    package var recorder = Recorder()
    /// More may come, so that an empty source is not at its end.
    package var isSourceOpen = false
    /// What comes next is there, and only kept back for a moment.
    package var isSourceDelayed = false
    /// Whether every event and action is printed.
    package var isTraced = false
    /// All that was asked for since it was last taken out.
    package var log: [Action] = []
    /// What went wrong besides the rules.
    package private(set) var failures: [String] = []

    /// Sizes of the messages that the source has still to give, the next one last.
    private var source: [Int]
    private var lastTaken: UInt64 = 0
    private var isSourceEnded = false
    private let allowsWaitsOfZero: Bool

    package static let start = Instant(milliseconds: 1_000_000)

    package init(
        options: RecoveryOptions, pace: SendPace, endpointCount: Int = 1, sizes: [Int],
        seed: UInt64 = 1, breach: Breach? = nil
    ) {
        machine = Machine(
            options: options, pace: pace, endpointCount: endpointCount, seed: seed, breach: breach)
        rules = Rules(options: options, pace: pace, endpointCount: endpointCount)
        source = sizes.reversed()
        // Within a round of endpoints there is no wait, and full jitter may draw one of 0.
        allowsWaitsOfZero = options.retry.jitter >= 1 || endpointCount > 1
    }

    package var isFinished: Bool { rules.isFinished }
    package var summary: Summary { machine.summary(now: now) }
    package var status: Status { machine.status(now: now) }
    package var elapsed: Milliseconds { now - Driver.start }

    /// All that went wrong, rules and else.
    package var violations: [String] { rules.violations + failures }

    // MARK: Steps

    /// Hands one event in, and checks the rules.
    package mutating func handle(_ event: Event) {
        guard !isFinished else { return }
        rules.begin(event, now: now, recorder)
        machine.handle(event, now: now, with: &recorder)
        rules.end(recorder.actions, summary, footprint: machine.footprint)
        if isTraced { trace(event) }
        log += recorder.actions
        recorder.actions.removeAll(keepingCapacity: true)
    }

    private func trace(_ event: Event) {
        print(elapsed, event)
        for action in recorder.actions { print("        ", action) }
    }

    /// Takes what can be taken, as the caller does at the end of every batch and wake-up.
    package mutating func turn(afterTime: Bool = false) {
        while let size = source.last, machine.canTake(size: size) {
            source.removeLast()
            lastTaken += 1
            handle(.message(.first, sequence: lastTaken, size: size))
        }
        if source.isEmpty, !isSourceOpen, !isSourceEnded {
            isSourceEnded = true
            handle(.sourceEnded(.first))
        }
        handle(.turnEnded(isSourceDelayed: isSourceDelayed))
        rules.endTurn(nextSize: source.last, isSourceDelayed: isSourceDelayed)
        guard afterTime, !isFinished, let armed = rules.armedAt else { return }
        let isLater = allowsWaitsOfZero ? armed >= now : armed > now
        if !isLater { failures.append("a wake-up in the past is armed again: a hot loop") }
    }

    package mutating func begin() {
        handle(.started)
        turn()
    }

    package mutating func stop() {
        handle(.stopRequested)
        turn()
    }

    package mutating func offer(_ count: Int, size: Int) {
        source.insert(contentsOf: Array(repeating: size, count: count), at: 0)
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
