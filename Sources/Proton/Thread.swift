// Threads for blocking calls.
// SPDX-License-Identifier: Apache-2.0

internal import CShim

private typealias Body = @Sendable () -> Void

/// Runs a body on a new thread that takes no signals but those that its own calls raise.
///
/// Not a task: a blocking call would occupy a thread of the cooperative pool.
/// - Throws: ``ProtonError/Code/protonError`` if the system refuses another thread; `body` is not called then.
public func startThread(_ body: @escaping @Sendable () -> Void) throws(ProtonError) {
    let box = UnsafeMutablePointer<Body>.allocate(capacity: 1)
    box.initialize(to: body)
    do {
        try check("start a thread") { error in
            cshim_thread_start(
                { raw in
                    guard let box = raw?.assumingMemoryBound(to: Body.self) else { return }
                    let body = box.move()
                    box.deallocate()
                    body()
                }, box, error)
        }
    } catch {
        box.deinitialize(count: 1)
        box.deallocate()
        throw error
    }
}
