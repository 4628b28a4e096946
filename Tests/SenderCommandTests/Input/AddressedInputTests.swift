// One input whose lines name their addresses.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Testing

@testable import ReliableSender
@testable import SenderCommand

@Suite struct AddressedInputTests {
    /// An input of messages for these addresses, and the senders that it asks for.
    private final class Run {
        let addressed: AddressedInput
        let onDemand = OnDemandSenders()
        private(set) var branches: [String: any MessageSource] = [:]
        /// In the order in which they were asked for.
        private(set) var asked: [String] = []
        private let queue: InputQueue

        init(
            _ addresses: [String?], countMax: Int = 1000, byteCountMax: Int = 0, links: Int = 1,
            own: String = "own"
        ) throws {
            queue = try InputQueue()
            queue.expectAddresses()
            queue.push(
                addresses.enumerated().map { index, address in
                    EncodedMessage(
                        sequence: UInt64(index + 1),
                        encoded: Array(repeating: 1, count: 10), address: address,
                        offset: UInt64(index), byteCount: 1)
                })
            queue.end(InputEnd())
            let source = StandardInputSource(queue, isRegularFile: false)
            addressed = AddressedInput(
                source, from: source, destination: Destination(address: own), linkCount: links,
                bounds: InputBounds(countMax: countMax, byteCountMax: byteCountMax),
                senders: onDemand)
        }

        var own: any MessageSource { addressed.unaddressed }

        /// Gives senders to all addresses that are waiting for one.
        func addSenders() {
            while let route = addressed.nextRoute(for: SenderID(asked.count + 1)) {
                asked.append(route.destination.address)
                branches[route.destination.address] = route.source
            }
        }
    }

    private func takeAll(_ source: (any MessageSource)?) -> [UInt64] {
        var taken: [UInt64] = []
        while let next = source?.next {
            source?.take()
            taken.append(next.sequence)
        }
        return taken
    }

    @Test("messages go to their addresses in order, each of which is asked for once")
    func order() throws {
        let run = try Run([nil, "a", "b", "a", nil, "b", "c"])
        run.addSenders()
        #expect(run.asked == ["a", "b", "c"])
        #expect(takeAll(run.branches["b"]) == [3, 6])
        #expect(takeAll(run.own) == [1, 5] && takeAll(run.branches["a"]) == [2, 4])
        #expect(run.branches["c"]?.isAtEnd == false && run.own.isAtEnd)
        #expect(takeAll(run.branches["c"]) == [7] && run.branches["c"]?.isAtEnd == true)
        #expect(run.onDemand.address(of: SenderID(2)) == "b")
        #expect(run.onDemand.label(of: SenderID(3)) == "c: ")
        #expect(run.onDemand.address(of: SenderID(0)) == nil)
    }

    @Test("messages that name no address go straight to that of the run")
    func passing() throws {
        let run = try Run([nil, nil, nil])
        #expect(run.own.availableCount == 3)
        var sent: [UInt64] = []
        run.own.offer(while: { _ in sent.count < 2 }) { sequence, _ in sent.append(sequence) }
        #expect(sent == [1, 2] && run.addressed.waitingCount == 0)
        #expect(takeAll(run.own) == [3] && run.own.isAtEnd)
    }

    @Test("an offer takes what is for its address only")
    func offer() throws {
        let run = try Run([nil, "a", nil, "a"])
        var sent: [UInt64] = []
        run.own.offer(while: { _ in true }) { sequence, _ in sent.append(sequence) }
        #expect(sent == [1, 3])
    }

    @Test("an address that takes nothing holds up the input once a window waits")
    func bounds() throws {
        let run = try Run(["a", "b", "b", "b", nil], countMax: 3)
        run.addSenders()
        #expect(takeAll(run.own) == [])
        #expect(takeAll(run.branches["b"]) == [2, 3, 4])
        #expect(takeAll(run.own) == [5] && run.addressed.waitingCount == 1)
        #expect(run.own.isAtEnd && run.branches["a"]?.isAtEnd == false)
    }

    @Test("the bound is one in bytes as well, and a larger message waits alone")
    func boundInBytes() throws {
        for (limit, count) in [(35, 3), (5, 1), (0, 4)] {
            let run = try Run(["a", "a", "a", "b"], byteCountMax: limit)
            run.addSenders()
            #expect(run.addressed.waitingCount == count)
        }
    }

    @Test(
        "one more address than there may be waits until the one that is idle for longest has ended")
    func tooMany() throws {
        let count = AddressedInput.addressCountMax
        let run = try Run((0..<count).map { "q\($0)" } + ["new"])
        run.addSenders()
        #expect(run.asked.count == count)
        // Taken, but not final: none is idle.
        for index in (0..<count).reversed() { _ = takeAll(run.branches["q\(index)"]) }
        run.addSenders()
        #expect(run.asked.count == count && run.branches["q7"]?.isAtEnd == false)
        // The last two that were used longest ago become idle.
        for index in [count - 2, count - 1] {
            run.branches["q\(index)"]?.free([UInt64(index + 1)])
        }
        run.addSenders()
        #expect(run.branches["q\(count - 1)"]?.isAtEnd == true)
        #expect(run.branches["q\(count - 2)"]?.isAtEnd == false && run.asked.count == count)
        run.branches["q\(count - 1)"]?.senderEnded()
        run.addSenders()
        #expect(run.asked.last == "new" && takeAll(run.branches["new"]) == [UInt64(count + 1)])
    }

    @Test(
        "an address that has ended with messages for it ends the input; without, only a line for it does"
    )
    func ended() throws {
        let run = try Run(["a", "b", "a", nil, nil], countMax: 1)
        run.addSenders()
        #expect(takeAll(run.branches["a"]) == [1])
        run.branches["a"]?.senderEnded()
        run.addSenders()
        #expect(takeAll(run.branches["b"]) == [2])
        run.addSenders()
        #expect(run.asked == ["a", "b", "a"] && !run.own.isAtEnd)
        run.branches["a"]?.senderEnded()
        #expect(run.own.isAtEnd && takeAll(run.own) == [] && run.branches["b"]?.isAtEnd == true)
        #expect(run.addressed.waitingCount == 1)
    }

    @Test("a line that names the run's own address goes with those that name none, in order")
    func own() throws {
        let run = try Run([nil, "own", nil])
        run.addSenders()
        #expect(run.asked == [] && takeAll(run.own) == [1, 2, 3])
    }

    @Test("when all links of the run's own address have ended, a line for it ends the input")
    func ownEnded() throws {
        let run = try Run(["a", nil, "a"], countMax: 1, links: 2)
        run.addSenders()
        run.own.senderEnded()
        #expect(takeAll(run.branches["a"]) == [1])
        run.own.senderEnded()
        #expect(takeAll(run.branches["a"]) == [])
        #expect(run.branches["a"]?.isAtEnd == true)
    }

    @Test("addresses are told apart by their bytes, also where Swift takes them for the same text")
    func equivalentAddresses() throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let run = try Run([composed, decomposed, composed, nil], own: decomposed)
        run.addSenders()
        #expect(run.asked.map { Array($0.utf8) } == [Array(composed.utf8)])
        #expect(takeAll(run.branches[composed]) == [1, 3] && takeAll(run.own) == [2, 4])
        let both = try Run([composed, decomposed])
        both.addSenders()
        #expect(
            both.asked.map { Array($0.utf8) } == [Array(composed.utf8), Array(decomposed.utf8)])
        var result = SendingResult(end: .finished, summary: Summary())
        result.summaries = (0...2).map { index in
            var summary = Summary()
            summary.accepted = index
            return summary
        }
        let accounts = both.onDemand.accounts(of: result, unaddressed: "own")
        #expect(accounts.map(\.summary.accepted) == [0, 1, 2])
    }

    @Test("what waits is not counted as taken, also when its address has ended")
    func firstWaiting() throws {
        let run = try Run(["a", "b", "a", nil, "b"])
        run.addSenders()
        #expect(run.addressed.lastTaken == 0)
        #expect(takeAll(run.branches["b"]) == [2, 5] && takeAll(run.own) == [4])
        #expect(run.addressed.lastTaken == 5)
        run.branches["a"]?.take()
        #expect(run.addressed.firstWaiting.map { [$0.sequence, $0.offset] } == [3, 2])
        run.branches["a"]?.senderEnded()
        #expect(run.addressed.firstWaiting?.sequence == 3 && run.addressed.waitingCount == 1)
        let all = try Run([nil, "a"])
        all.addSenders()
        #expect(takeAll(all.own) == [1] && takeAll(all.branches["a"]) == [2])
        #expect(all.addressed.firstWaiting == nil)
    }

    @Test("a line that comes between two looks goes to the address that it names, and to no other")
    func betweenLooks() throws {
        let queue = try InputQueue()
        queue.expectAddresses()
        let badLines = BadLines(keptIn: nil)
        func pushBadLine() {
            queue.push(BadLine(number: 1, reason: "is bad", nextSequence: 1, end: 1))
        }
        var count = 0
        // A look passes over 16 bad lines at most; the next one is the second of the same question.
        badLines.onLine = { _ in
            count += 1
            guard count == 16 else { return pushBadLine() }
            queue.push([
                EncodedMessage(
                    sequence: 1, encoded: [1], address: "other", offset: 1, byteCount: 1)
            ])
        }
        pushBadLine()
        let source = StandardInputSource(queue, isRegularFile: false, badLines: badLines)
        let addressed = AddressedInput(
            source, from: source, destination: Destination(address: "own"), linkCount: 1,
            bounds: InputBounds(countMax: 10, byteCountMax: 0), senders: OnDemandSenders())
        #expect(addressed.unaddressed.next == nil && count == 16)
        let route = addressed.nextRoute(for: SenderID(1))
        #expect(route?.destination.address == "other")
        #expect(takeAll(route?.source) == [1] && addressed.unaddressed.next == nil)
    }
}
