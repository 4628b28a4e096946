// The command from its arguments to its exit status.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import Sending

/// Does what the words of a command line say, the program's name first; returns the exit status.
func runCommand(_ words: [String]) -> Int32 {
    reserveStandardDescriptors()
    // A reader that goes away is no reason to stop sending: the write fails, and that is all.
    signal(SIGPIPE, SIG_IGN)
    // The same for a file that may not grow any more.
    signal(SIGXFSZ, SIG_IGN)
    do throws(UsageError) {
        // Swift looks for them there. To go on would be to take them for none.
        guard !words.isEmpty else {
            throw UsageError("the arguments can't be read: /proc is missing, mount it")
        }
        switch try parseArguments(Array(words.dropFirst()), surroundings: .process) {
        case .shortHelp: printText(shortHelp())
        case .longHelp: printText(longHelp())
        case .version: printText(versionText(protonVersion: protonVersion))
        case .generated(let text): printText(text.made())
        case .run(let options): return runAndReport(options)
        }
        return ExitStatus.allAccepted
    } catch {
        printText("sender: \(error.sentence)\n", to: STDERR_FILENO)
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
    printText(String(decoding: line, as: UTF8.self), to: STDERR_FILENO)
}

/// Writes a whole text, as far as somebody reads it.
private func printText(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
    guard let writer = try? OutputWriter(descriptor: descriptor) else { return }
    var bytes = Array(text.utf8)
    writer.submit(&bytes)
    _ = writer.finish(within: Milliseconds(Int32.max))
}

/// Fills the places of closed standard descriptors.
///
/// Started with `>&-`, the next thing opened would get standard output's number, and our lines
/// would go there: to the peer, if it is the connection's socket.
private func reserveStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
        // The lowest free number is taken, which is this one. Standard input is not to look like an
        // empty one.
        _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDWR)
    }
}
