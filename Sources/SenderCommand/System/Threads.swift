// Threads for blocking calls.
// SPDX-License-Identifier: Apache-2.0

import Glibc

private typealias Body = @Sendable () -> Void

/// Runs a body on a new thread.
///
/// Not a task: a blocking call would occupy a thread of the cooperative pool.
func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    let box = UnsafeMutablePointer<Body>.allocate(capacity: 1)
    box.initialize(to: body)

    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    // Detached: it may be blocked in a write when the process ends.
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))

    var thread = pthread_t()
    let result = pthread_create(&thread, &attributes, runBody, box)
    if result != 0 {
        box.deinitialize(count: 1)
        box.deallocate()
        throw SystemError(number: result)
    }
}

private func runBody(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let box = raw?.assumingMemoryBound(to: Body.self) else { return nil }
    let body = box.move()
    box.deallocate()
    body()
    return nil
}
