// Signals that stop the run, or ask how it stands.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The signals that a run heeds.
///
/// SIGINT, SIGTERM and SIGHUP: the first ends the run gracefully, the second at once. SIGUSR1 asks for figures.
///
/// timeout(1) signals its child and then its process group: a repeat of the same signal within
/// ``echoLimit`` does not count as a second one.
///
/// The signals are blocked in all threads and one thread waits for them, so that no code runs in a
/// signal handler.
final class StopSignals: Sendable {
    private static let echoLimit: Duration = .milliseconds(100)

    private struct State {
        var first: Int32?
        var firstTime: ContinuousClock.Instant?
        var stop: (@Sendable () -> Void)?
        var tidyUp: (@Sendable () -> Void)?
        var showFigures: (@Sendable () -> Void)?
    }

    private let numbers: [Int32]
    private let state = Mutex(State())

    /// Blocks the signals in this thread and all that it starts, and starts the thread that waits
    /// for them.
    init() throws(SystemError) {
        var numbers = [SIGINT, SIGTERM, SIGUSR1]
        // nohup ignores SIGHUP on purpose. An ignored SIGINT has no such meaning: shells start
        // background jobs of scripts with it.
        if !isIgnored(SIGHUP) { numbers.append(SIGHUP) }
        self.numbers = numbers
        var set = signalSet(numbers)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        try startThread { [self] in serve() }
    }

    /// The first signal; nil if none came.
    var first: Int32? {
        state.withLock { $0.first }
    }

    /// Sets the callback for the first signal, on the waiting thread; called at once if it has come.
    func onFirst(_ stop: @escaping @Sendable () -> Void) {
        let hasCome = state.withLock { state in
            state.stop = stop
            return state.first != nil
        }
        if hasCome { stop() }
    }

    /// Sets the callback for the second signal, on the waiting thread, before the process ends.
    ///
    /// It must not block.
    func onSecond(_ tidyUp: @escaping @Sendable () -> Void) {
        state.withLock { $0.tidyUp = tidyUp }
    }

    /// Sets the callback for SIGUSR1, on the waiting thread; nil: it is ignored.
    func onFiguresAsked(_ body: (@Sendable () -> Void)?) {
        state.withLock { $0.showFigures = body }
    }

    private func serve() {
        var set = signalSet(numbers)
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            if number == SIGUSR1 {
                state.withLock { $0.showFigures }?()
                continue
            }
            let stop: (@Sendable () -> Void)? = state.withLock { state in
                if let first = state.first, let time = state.firstTime {
                    if first == number, .now - time < Self.echoLimit { return nil }
                    state.tidyUp?()
                    // Not exit(): it could wait for whatever hangs.
                    _exit(ExitStatus.endedBySignal(number))
                }
                (state.first, state.firstTime) = (number, .now)
                return state.stop
            }
            stop?()
        }
    }
}

/// A signal came before the run could send anything.
struct StoppedEarly: Error {
    var signal: Int32
}

/// The name of a signal.
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
    // SIG_IGN is not a valid function pointer: only its bits can be compared.
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
