// Bounds of the messages that wait.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Bounds of messages that wait: as many, as many bytes (0: no bound).
struct InputBounds {
    var countMax: Int
    var byteCountMax: Int

    /// Whether there is room for another message of this size; for a single one there always is.
    func haveRoom(for size: Int, besides count: Int, byteCount: Int) -> Bool {
        count == 0
            || count < countMax && (byteCountMax == 0 || byteCount + size <= byteCountMax)
    }
}

extension InputBounds {
    /// As many messages and bytes as a link may have that are not final.
    init(windowOf recovery: RecoveryOptions) {
        self.init(countMax: recovery.window, byteCountMax: recovery.windowBytes)
    }
}
