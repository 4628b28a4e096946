// The command from its arguments to its exit status.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import Sending

/// Does what the words of a command line say, the program's name first; returns the exit status.
func runCommand(_ words: [String]) -> Int32 {
    let closed = reserveStandardDescriptors()
    // A reader that goes away is no reason to stop sending: the write fails, and that is all.
    signal(SIGPIPE, SIG_IGN)
    // The same for a file that may not grow any more.
    signal(SIGXFSZ, SIG_IGN)
    do throws(UsageError) {
        return
            switch try parseArguments(
                Array(words.dropFirst()), surroundings: .process(without: closed))
        {
        case .shortHelp: print(shortHelp())
        case .longHelp: print(longHelp())
        case .version: print(versionText(protonLibrary))
        case .generated(let text): print(text.made())
        case .run(let options): runAndReport(options)
        }
    } catch {
        write("sender: \(error.sentence)\n", to: STDERR_FILENO)
        return ExitStatus.wrongUsage
    }
}

private func runAndReport(_ options: RunOptions) -> Int32 {
    do {
        return options.seeing.isCheck
            ? try Check(options).run() : try Run(options).run()
    } catch let stop as StoppedEarly {
        printError(
            "stopped by \(signalName(stop.signal)); nothing was sent", options.seeing.logFormat)
        return ExitStatus.endedBySignal(stop.signal)
    } catch let error as UsageError {
        printError(error.sentence, options.seeing.logFormat)
        return ExitStatus.wrongUsage
    } catch let error as JournalError {
        printError(error.sentence, options.seeing.logFormat)
        return ExitStatus.wrongUsage
    } catch {
        printError("could not start: \(error)", options.seeing.logFormat)
        return ExitStatus.couldNotFinish
    }
}

/// Says why nothing was begun.
private func printError(_ sentence: String, _ format: LogFormat) {
    let line = diagnosticLine(sentence, format)
    write(String(decoding: line, as: UTF8.self), to: STDERR_FILENO)
}

/// Prints what was asked for, as far as somebody reads it; returns the exit status.
private func print(_ text: String) -> Int32 {
    guard let failure = write(text, to: STDOUT_FILENO), failure.number != EPIPE else {
        return ExitStatus.allAccepted
    }
    write("sender: standard output could not be written: \(failure)\n", to: STDERR_FILENO)
    return ExitStatus.couldNotFinish
}

/// Writes a whole text, and says why not all of it was.
///
/// With nothing but write(2): it must also work where there is no descriptor and no thread left.
@discardableResult
private func write(_ text: String, to descriptor: Int32) -> SystemError? {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 {
            rest = rest.dropFirst(count)
        } else if errno == EAGAIN {
            waitForDescriptor(descriptor, POLLOUT, atMost: -1)
        } else if errno != EINTR {
            return SystemError(number: errno)
        }
    }
    return nil
}

/// Fills the places of closed standard descriptors, and says which these are.
///
/// Started with `>&-`, the next thing opened would get standard output's number, and our lines
/// would go there: to the peer, if it is the connection's socket.
private func reserveStandardDescriptors() -> Set<Int32> {
    let closed = (STDIN_FILENO...STDERR_FILENO).filter { fcntl($0, F_GETFD) == -1 }
    for descriptor in closed {
        // The lowest free number is taken, which is this one. Reads and writes fail as they would
        // without it: neither an empty input nor an output that was written.
        _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    return Set(closed)
}
