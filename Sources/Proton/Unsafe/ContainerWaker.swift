// The one way from other threads to a container.
// SPDX-License-Identifier: Apache-2.0

internal import CShim
internal import Synchronization

/// Wakes the loop of a container.
///
/// - Isolation: any thread, also before the run, after it, and when the container is gone.
public struct ContainerWaker: Sendable {
    /// The address of the container's handle, 0 once it is freed.
    ///
    /// A number, because a pointer is not Sendable: it is used under the lock only, and the shim
    /// allows that one call on any thread.
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

    /// Asks for one ``MessagingHandler/containerWoken()``.
    ///
    /// Calls that come before it has run are folded into one. Before the run it is kept, after the
    /// run it does nothing.
    public func wake() {
        address.value.withLock { value in
            guard let container = OpaquePointer(bitPattern: value) else { return }
            cshim_container_wake(container)
        }
    }

    /// Lets go of the container.
    ///
    /// No wake is under way when this returns.
    func invalidate() {
        address.value.withLock { $0 = 0 }
    }
}
