// The time of day, for events.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Returns milliseconds since 1970.
typealias WallClock = @Sendable () -> Int64

/// The system's clock.
let systemWallClock: WallClock = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

extension [UInt8] {
    /// Appends a time as RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`.
    mutating func append(utcMilliseconds milliseconds: Int64) {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        append(digits: Int(parts.tm_year) + 1900, count: 4)
        append(UInt8(ascii: "-"))
        append(digits: Int(parts.tm_mon) + 1, count: 2)
        append(UInt8(ascii: "-"))
        append(digits: Int(parts.tm_mday), count: 2)
        append(UInt8(ascii: "T"))
        append(digits: Int(parts.tm_hour), count: 2)
        append(UInt8(ascii: ":"))
        append(digits: Int(parts.tm_min), count: 2)
        append(UInt8(ascii: ":"))
        append(digits: Int(parts.tm_sec), count: 2)
        append(UInt8(ascii: "."))
        append(digits: Int(milliseconds % 1000), count: 3)
        append(UInt8(ascii: "Z"))
    }

    private mutating func append(digits number: Int, count: Int) {
        var divisor = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
