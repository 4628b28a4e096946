// Wakes a container from other threads.
// SPDX-License-Identifier: Apache-2.0

internal import CShim
internal import Synchronization

/// Wakes the loop of a container.
///
/// - Isolation: any thread, also before and after the run, and once the container is freed.
public struct ContainerWaker: Sendable {
    /// The address of the container's handle; 0 once it is freed.
    ///
    /// A number, because a pointer is not Sendable. It is used under the lock only, for the one call that the
    /// shim allows on any thread.
    private final class Address: Sendable {
        let value: Mutex<UInt>

        init(_ value: UInt) {
            self.value = Mutex(value)
        }
    }

    private let address: Address

    init(_ container: OpaquePointer) {
        address = Address(UInt(bitPattern: container))
    }

    /// Requests one ``MessagingHandler/containerWoken()``.
    ///
    /// Calls before it has run are joined into one. A call before the run takes effect in the run, one after it
    /// has none.
    public func wake() {
        address.value.withLock { value in
            guard let container = OpaquePointer(bitPattern: value) else { return }
            cshim_container_wake(container)
        }
    }

    /// Detaches from the container, which may be freed once this returns: no wake is under way then.
    func invalidate() {
        address.value.withLock { $0 = 0 }
    }
}
