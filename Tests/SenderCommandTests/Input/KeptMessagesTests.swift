// Encoded messages that are not final.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SenderCommand

@Suite struct KeptMessagesTests {
    @Test("a message is there from its taking until it is final, whatever the gaps and the order")
    func anyOrder() {
        var random = SystemRandomNumberGenerator()
        var kept = KeptMessages()
        var model: [UInt64: [UInt8]] = [:]
        var sequence: UInt64 = 0
        for _ in 0..<20_000 {
            if model.count < 3000, Bool.random(using: &random) {
                sequence += UInt64.random(in: 0..<100, using: &random) < 98 ? 1 : 1000
                let bytes = [UInt8(truncatingIfNeeded: sequence)]
                kept.append(bytes, sequence: sequence)
                model[sequence] = bytes
            } else if let oldest = model.keys.randomElement(using: &random) {
                kept.remove(oldest)
                kept.remove(oldest)
                model[oldest] = nil
                #expect(kept[oldest] == nil)
            }
            if let some = model.keys.randomElement(using: &random) {
                #expect(kept[some] == model[some])
            }
        }
        #expect(kept[sequence + 1] == nil && kept[0] == nil)
        for (sequence, bytes) in model { #expect(kept[sequence] == bytes) }
    }

    @Test("one message that stays open does not keep the memory of those behind it")
    func oneOpen() {
        var kept = KeptMessages()
        kept.append([0], sequence: 1)
        var most = 0
        for sequence in 2...100_000 as ClosedRange<UInt64> {
            kept.append([UInt8(truncatingIfNeeded: sequence)], sequence: sequence)
            if sequence > 11 { kept.remove(sequence - 10) }
            most = max(most, kept.entryCount)
        }
        #expect(most < 5000)
        #expect(kept[1] == [0] && kept[99_990] == nil)
        for sequence in 99_991...100_000 as ClosedRange<UInt64> {
            #expect(kept[sequence] == [UInt8(truncatingIfNeeded: sequence)])
        }
        kept.remove(1)
        for sequence in 99_991...100_000 as ClosedRange<UInt64> { kept.remove(sequence) }
        #expect(kept.entryCount == 0)
    }
}
