// The ledger and its heap by themselves.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Testing

@testable import LinkRecovery

@Suite struct HeapTests {
    @Test("gives its elements in order", arguments: 0..<50) func heap(
        seed: UInt64
    ) {
        var random = RandomSource(seed: seed)
        var heap = Heap<UInt64>()
        var expected: [UInt64] = []
        for _ in 0..<random.next(upTo: 200) {
            if random.next(upTo: 2) == 0 {
                expected.sort(by: >)
                #expect(heap.first == expected.last)
                #expect(heap.removeFirst() == expected.popLast())
            } else {
                let element = random.next(upTo: 50)
                heap.insert(element)
                expected.append(element)
            }
        }
        var drained: [UInt64] = []
        while let first = heap.removeFirst() { drained.append(first) }
        #expect(drained == expected.sorted())
    }

    @Test("an empty heap has no first element")
    func emptyHeap() {
        var heap = Heap<Int>()
        #expect(heap.first == nil)
        #expect(heap.removeFirst() == nil)
    }

    @Test("keeps what it is told to, in order")
    func kept() {
        var random = RandomSource(seed: 1)
        var heap = Heap<UInt64>()
        for _ in 1...100 { heap.insert(random.next(upTo: 1_000)) }
        heap.keep { $0.isMultiple(of: 2) }
        var drained: [UInt64] = []
        while let first = heap.removeFirst() { drained.append(first) }
        #expect(drained == drained.sorted())
        #expect(drained.allSatisfy { $0.isMultiple(of: 2) })
        #expect(!drained.isEmpty)
    }
}

@Suite struct LedgerTests {
    private let now = Instant(milliseconds: 0)

    @Test("counts what was taken and what is in flight")
    func counts() {
        var ledger = Ledger()
        let first = ledger.take(sequence: 1, size: 10, since: now)
        let second = ledger.take(sequence: 2, size: 20, since: now)
        _ = ledger.beginAttempt(first, endOffset: 0, now: now)
        #expect(ledger.count == 2)
        #expect(ledger.bytes == 30)
        #expect(ledger.inFlightCount == 1)
        #expect(ledger.waitingCount == 1)
        ledger.remove(first)
        ledger.remove(second)
        #expect(ledger.isEmpty)
        #expect(ledger.bytes == 0)
        #expect(ledger.inFlightCount == 0)
    }

    @Test("places of messages that are final are not kept for ever")
    func places() {
        var ledger = Ledger()
        for sequence in 1...10_000 as ClosedRange<UInt64> {
            let slot = ledger.take(sequence: sequence, size: 1, since: now)
            _ = ledger.beginAttempt(slot, endOffset: 0, now: now)
            ledger.return(slot, mayHaveArrived: false, pacedUntil: now + 1_000_000)
            ledger.remove(slot)
        }
        #expect(ledger.footprint < 100)
    }

    @Test("a tag names the current attempt, an earlier one, or nothing known")
    func tags() {
        var ledger = Ledger()
        let slot = ledger.take(sequence: 1, size: 1, since: now)
        let first = ledger.beginAttempt(slot, endOffset: 0, now: now)
        #expect(ledger.match(first) == .current(slot: slot))
        ledger.loseInFlight()
        #expect(ledger.match(first) == .current(slot: slot))
        let second = ledger.beginAttempt(slot, endOffset: 0, now: now)
        #expect(ledger.match(first) == .earlier(slot: slot))
        #expect(ledger.match(second) == .current(slot: slot))
        ledger.remove(slot)
        #expect(ledger.match(first) == .unknown)
        #expect(ledger.match(second) == .unknown)
    }

    @Test("a slot's next tenant does not know the tags of the former one")
    func nextTenant() {
        var ledger = Ledger()
        let slot = ledger.take(sequence: 1, size: 1, since: now)
        let old = ledger.beginAttempt(slot, endOffset: 0, now: now)
        ledger.remove(slot)
        #expect(ledger.take(sequence: 2, size: 1, since: now) == slot)
        #expect(ledger.match(old) == .unknown)
        let new = ledger.beginAttempt(slot, endOffset: 0, now: now)
        #expect(ledger.match(old) == .unknown)
        #expect(ledger.match(new) == .current(slot: slot))
    }

    @Test("a tag from nowhere is unknown")
    func unknownTag() {
        var ledger = Ledger()
        #expect(ledger.match(DeliveryTag(0)) == .unknown)
        #expect(ledger.match(DeliveryTag(.max)) == .unknown)
        let slot = ledger.take(sequence: 1, size: 1, since: now)
        #expect(ledger.match(DeliveryTag(0)) == .unknown)
        #expect(ledger.match(DeliveryTag(attempt: 1, slot: slot)) == .unknown)
    }

    @Test("the oldest in flight stays known, whatever is settled between")
    func oldest() {
        var ledger = Ledger()
        let slots = (1...4).map { ledger.take(sequence: UInt64($0), size: 1, since: now) }
        for (index, slot) in slots.enumerated() {
            _ = ledger.beginAttempt(slot, endOffset: 0, now: Instant(milliseconds: Int64(index)))
        }
        ledger.remove(slots[1])
        #expect(ledger.oldestInFlight?.sentAt == Instant(milliseconds: 0))
        ledger.return(slots[0], mayHaveArrived: false, pacedUntil: nil)
        #expect(ledger.oldestInFlight?.sentAt == Instant(milliseconds: 2))
        ledger.remove(slots[3])
        ledger.remove(slots[2])
        #expect(ledger.oldestInFlight?.sentAt == nil)
        _ = ledger.beginAttempt(slots[0], endOffset: 0, now: Instant(milliseconds: 9))
        #expect(ledger.oldestInFlight?.sentAt == Instant(milliseconds: 9))
    }

    @Test("what was lost is ready by sequence, whatever the order of sending was")
    func lost() {
        var ledger = Ledger()
        let slots = (1...3).map { ledger.take(sequence: UInt64($0), size: 1, since: now) }
        for slot in [slots[2], slots[0], slots[1]] {
            _ = ledger.beginAttempt(slot, endOffset: 0, now: now)
        }
        ledger.loseInFlight()
        for slot in slots {
            #expect(ledger.nextReady == slot)
            ledger.removeNextReady()
        }
        #expect(ledger.nextReady == nil)
    }

    @Test("what became final is not ready any more, nor is the slot's next tenant")
    func finalNotReady() {
        var ledger = Ledger()
        let slot = ledger.take(sequence: 1, size: 1, since: now)
        _ = ledger.beginAttempt(slot, endOffset: 0, now: now)
        ledger.loseInFlight()
        ledger.remove(slot)
        _ = ledger.take(sequence: 2, size: 1, since: now)
        #expect(ledger.nextReady == nil)
    }

    @Test("a paced message is due at its time, and not when it became final")
    func paced() {
        var ledger = Ledger()
        let slots = (1...2).map { ledger.take(sequence: UInt64($0), size: 1, since: now) }
        for slot in slots { _ = ledger.beginAttempt(slot, endOffset: 0, now: now) }
        ledger.return(slots[0], mayHaveArrived: false, pacedUntil: now + 5)
        ledger.return(slots[1], mayHaveArrived: false, pacedUntil: now + 7)
        #expect(ledger.nextDue == now + 5)
        #expect(ledger.nextReady == nil)
        ledger.remove(slots[0])
        #expect(ledger.nextDue == now + 7)
        ledger.releasePaced(until: now + 6)
        #expect(ledger.nextReady == nil)
        ledger.releasePaced(until: now + 7)
        #expect(ledger.nextReady == slots[1])
        #expect(ledger.nextDue == nil)
    }

    @Test("in doubt is what had an attempt without an outcome, or was modified")
    func inDoubt() {
        var ledger = Ledger()
        let slots = (1...5).map { ledger.take(sequence: UInt64($0), size: 1, since: now) }
        #expect(ledger.inDoubtCount == 0)
        for slot in slots.dropLast() { _ = ledger.beginAttempt(slot, endOffset: 0, now: now) }
        #expect(ledger.inDoubtCount == 4)
        ledger.return(slots[0], mayHaveArrived: false, pacedUntil: nil)
        ledger.return(slots[1], mayHaveArrived: true, pacedUntil: nil)
        #expect(ledger.inDoubtCount == 3)
        ledger.loseInFlight()
        #expect(ledger.inDoubtCount == 3)
        ledger.resolveDoubt(slots[2])
        #expect(ledger.inDoubtCount == 2)
        // Doubt once cast is not lifted by what becomes of a later attempt.
        _ = ledger.beginAttempt(slots[3], endOffset: 0, now: now)
        ledger.return(slots[3], mayHaveArrived: false, pacedUntil: nil)
        #expect(ledger.inDoubtCount == 2)
        ledger.remove(slots[3])
        #expect(ledger.inDoubtCount == 1)
    }
}
