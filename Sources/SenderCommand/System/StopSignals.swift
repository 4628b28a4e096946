// Turns signals into a stop of the run.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The signals that end a run: the first in order, the second at once.
///
/// `timeout` signals its child and then its process group, so that one wish comes twice: the same
/// signal within ``echoLimit`` is no second one.
///
/// They are blocked in all threads and waited for by one, so that no code of ours ever runs in
/// a signal handler, where almost nothing is allowed.
final class StopSignals: Sendable {
    private static let echoLimit: Duration = .milliseconds(100)

    private struct State {
        var first: Int32?
        var firstTime: ContinuousClock.Instant?
        var stop: (@Sendable () -> Void)?
        var tidyUp: (@Sendable () -> Void)?
    }

    private let numbers: [Int32]
    private let state = Mutex(State())

    /// Blocks the signals in this thread, and in those that it starts from now on, but for the one
    /// that waits for them.
    init() throws(SystemError) {
        var numbers = [SIGINT, SIGTERM]
        // nohup means: do not end with the terminal. An ignored SIGINT means nothing of the kind:
        // shells start every background job of a script so.
        if !isIgnored(SIGHUP) { numbers.append(SIGHUP) }
        self.numbers = numbers
        var set = signalSet(numbers)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        try startThread { [self] in serve() }
    }

    /// The signal that asked for a stop; nil when none did.
    var first: Int32? {
        state.withLock { $0.first }
    }

    /// Calls this at the first signal, on the thread that waits; at once if it came before.
    func onFirst(_ stop: @escaping @Sendable () -> Void) {
        let hasCome = state.withLock { state in
            state.stop = stop
            return state.first != nil
        }
        if hasCome { stop() }
    }

    /// Calls this at the second signal, on the thread that waits, before the process ends.
    ///
    /// It must not wait for anything.
    func onSecond(_ tidyUp: @escaping @Sendable () -> Void) {
        state.withLock { $0.tidyUp = tidyUp }
    }

    private func serve() {
        var set = signalSet(numbers)
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            let stop: (@Sendable () -> Void)? = state.withLock { state in
                if let first = state.first, let time = state.firstTime {
                    if first == number, .now - time < Self.echoLimit { return nil }
                    state.tidyUp?()
                    // Not exit(): whatever is stuck in this process may be what it would wait for.
                    _exit(ExitStatus.endedBySignal(number))
                }
                (state.first, state.firstTime) = (number, .now)
                return state.stop
            }
            stop?()
        }
    }
}

/// A stop was asked for before there was a run that could have sent anything.
struct StoppedEarly: Error {
    var signal: Int32
}

/// A signal's name in a sentence.
func signalName(_ number: Int32) -> String {
    switch number {
    case SIGINT: "SIGINT"
    case SIGTERM: "SIGTERM"
    case SIGHUP: "SIGHUP"
    default: "signal \(number)"
    }
}

func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    sigaction(signal, nil, &action)
    // SIG_IGN is a function pointer that points nowhere: only its bits can be compared.
    let ignore: sighandler_t? = SIG_IGN
    return withUnsafeBytes(of: action.__sigaction_handler) { handler in
        withUnsafeBytes(of: ignore) { $0.elementsEqual(handler) }
    }
}

func signalSet(_ numbers: [Int32]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    return set
}
