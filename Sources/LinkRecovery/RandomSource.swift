// A random generator that can be replayed.
// SPDX-License-Identifier: Apache-2.0

/// A small seeded generator (SplitMix64): the same seed gives the same run.
public struct RandomSource: Sendable, Hashable, RandomNumberGenerator {
    private var state: UInt64

    /// Makes a generator.
    public init(seed: UInt64) {
        state = seed
    }

    /// Draws the next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Draws from 0 up to and including a bound.
    public mutating func next(upTo bound: UInt64) -> UInt64 {
        bound == .max ? next() : next(upperBound: bound + 1)
    }
}
