// Draws of a seeded generator.
// SPDX-License-Identifier: Apache-2.0

internal import LinkRecovery

/// Draws what a run does; the same seed draws the same.
struct Dice {
    private var random: RandomSource

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
    }

    /// Another generator, which draws on its own.
    mutating func split() -> Dice { Dice(seed: random.next()) }

    mutating func chance(_ part: UInt64, of whole: UInt64) -> Bool {
        random.next(upTo: whole - 1) < part
    }

    mutating func number(upTo bound: UInt64) -> UInt64 { random.next(upTo: bound) }

    mutating func count(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(random.next(upTo: UInt64(range.upperBound - range.lowerBound)))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.next(upTo: UInt64(elements.count - 1)))]
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}
