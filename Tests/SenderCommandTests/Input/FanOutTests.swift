// One input for several addresses.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender
import Testing

@testable import SenderCommand

/// Messages of ten bytes, and which of them were given back.
private final class Numbers: MessageSource {
    private(set) var count: UInt64
    private(set) var taken: UInt64 = 0
    private(set) var forgotten: Set<UInt64> = []

    init(_ count: UInt64) {
        self.count = count
    }

    var next: NextMessage? {
        isAtEnd ? nil : NextMessage(sequence: taken + 1, size: 10)
    }
    var isAtEnd: Bool { taken == count }
    func take() { taken += 1 }
    func withEncoded(sequence: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeBytes(of: sequence, body)
    }
    func free(_ sequences: [UInt64]) {
        for sequence in sequences { #expect(forgotten.insert(sequence).inserted) }
    }
}

extension MessageSource {
    fileprivate func takeAll() -> [UInt64] {
        var taken: [UInt64] = []
        while let next {
            taken.append(next.sequence)
            take()
        }
        return taken
    }
}

@Suite struct FanOutTests {
    private func fanOut(
        _ source: Numbers, links: Int = 1, countMax: Int = 1000, byteCountMax: Int = 0,
        isFinal: @escaping (Int, UInt64) -> Bool = { _, _ in false }
    ) -> FanOut {
        FanOut(
            source, addressCount: 2, linkCount: links,
            lead: InputBounds(countMax: countMax, byteCountMax: byteCountMax), isFinal: isFinal)
    }

    @Test("every address is offered every message, and a message goes when both have let it go")
    func everyMessage() {
        let source = Numbers(5)
        let fanOut = fanOut(source)
        for branch in fanOut.branches {
            #expect(branch.takeAll() == [1, 2, 3, 4, 5])
            #expect(branch.isAtEnd && branch.lastTaken == 5 && branch.lag == 0)
        }
        fanOut.branches[0].free([2])
        #expect(source.forgotten == [])
        fanOut.branches[1].free([2])
        fanOut.branches[1].free([3])
        #expect(source.forgotten == [2])
    }

    @Test("an address that takes nothing holds up the others once they are a window ahead")
    func lead() {
        let fanOut = fanOut(Numbers(100), countMax: 7)
        let (first, second) = (fanOut.branches[0], fanOut.branches[1])
        #expect(first.takeAll() == Array(1...7))
        #expect(second.lag == 7 && !first.isAtEnd)
        second.take()
        second.take()
        #expect(first.takeAll() == [8, 9])
        #expect(second.takeAll() == Array(3...16))
    }

    @Test("the lead is bounded in bytes as well, and a larger message goes alone")
    func leadInBytes() {
        for (limit, count) in [(35, 3), (5, 1), (0, 100)] {
            let fanOut = fanOut(Numbers(100), byteCountMax: limit)
            #expect(fanOut.branches[1].takeAll().count == count)
        }
    }

    @Test("what an earlier run has brought to its end is left out, for the address that had it")
    func finals() {
        let source = Numbers(4)
        let fanOut = fanOut(source) { address, sequence in address == 0 && sequence != 3 }
        #expect(fanOut.branches[0].takeAll() == [3])
        #expect(fanOut.branches[1].takeAll() == [1, 2, 3, 4])
        fanOut.branches[1].free([1])
        #expect(source.forgotten == [1])
    }

    @Test("when all links to an address have ended nothing more is taken, and the others catch up")
    func end() {
        let source = Numbers(100)
        let fanOut = fanOut(source, links: 2)
        let (first, second) = (fanOut.branches[0], fanOut.branches[1])
        for _ in 1...10 { first.take() }
        first.senderEnded()
        second.take()
        #expect(second.next?.sequence == 2 && !second.isAtEnd)
        first.senderEnded()
        #expect(first.next == nil && first.isAtEnd)
        #expect(second.takeAll() == Array(2...10))
        #expect(second.isAtEnd && source.taken == 10)
    }
}
