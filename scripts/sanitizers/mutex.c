// Tells ThreadSanitizer of a Swift Mutex that another thread holds, which it can't see.
// SPDX-License-Identifier: Apache-2.0
//
// The quick ways through a Mutex are compiled into its user, where the sanitizer sees their atomic
// operations. The slow ones are in the Swift runtime, which is not instrumented, and leave the rest
// to the kernel: without this, whoever had to wait for a Mutex is reported as racing with whoever
// held it. Loaded before the runtime, with LD_PRELOAD.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Missing in programs without the sanitizer, which are given this library, too, when a test starts
// them.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

// Synchronization._MutexHandle._lockSlow(UInt32) and ._unlockSlow(); the handle is its one atomic.
static const char lock_slow_name[] = "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF";
static const char unlock_slow_name[] = "$s15Synchronization12_MutexHandleV11_unlockSlowyyF";

SWIFT void lock_slow(uint32_t thread, SELF void *handle) __asm__(
    "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT void unlock_slow(SELF void *handle) __asm__(
    "$s15Synchronization12_MutexHandleV11_unlockSlowyyF");

SWIFT void lock_slow(uint32_t thread, SELF void *handle) {
    typedef SWIFT void (*Function)(uint32_t, SELF void *);
    ((Function)dlsym(RTLD_NEXT, lock_slow_name))(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

SWIFT void unlock_slow(SELF void *handle) {
    typedef SWIFT void (*Function)(SELF void *);
    if (__tsan_release) __tsan_release(handle);
    ((Function)dlsym(RTLD_NEXT, unlock_slow_name))(handle);
}
