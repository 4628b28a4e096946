// The command: one command line, and its execution.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// One command line, read: a run, a check, a text to print, or wrong usage.
public struct Command {
    private enum Request {
        case text(String)
        case run(RunOptions)
        case check(RunOptions)
        case dryRun(RunOptions)
        case wrongUsage(UsageError)
    }

    private let request: Request

    /// Reads the arguments, without the program's name.
    init(_ arguments: [String], environment: Environment) {
        do throws(UsageError) {
            request =
                switch try parseArguments(arguments, environment: environment) {
                case .shortHelp: .text(shortHelp())
                case .longHelp: .text(longHelp())
                case .explanation(let text): .text(text)
                case .version: .text(versionText(protonLibrary))
                case .generated(let text): .text(text.text())
                case .run(let options):
                    options.reporting.isCheck
                        ? .check(options)
                        : options.reporting.isDryRun ? .dryRun(options) : .run(options)
                }
        } catch {
            request = .wrongUsage(error)
        }
    }

    /// Does what was asked for, and returns the exit status.
    public func execute() -> Int32 {
        switch request {
        case .text(let text):
            printText(text)
        case .run(let options):
            reportingErrors(as: options.reporting.logFormat) { try Run(options).run() }
        case .check(let options):
            reportingErrors(as: options.reporting.logFormat) { try Check(options).run() }
        case .dryRun(let options):
            reportingErrors(as: options.reporting.logFormat) { try DryRun(options).run() }
        case .wrongUsage(let error):
            wrongUsage(error)
        }
    }

    private func wrongUsage(_ error: UsageError) -> Int32 {
        write("sender: \(error.sentence)\n", to: STDERR_FILENO)
        return ExitStatus.wrongUsage
    }

    /// Runs the body, and says why it could not begin.
    private func reportingErrors(as format: LogFormat, _ body: () throws -> Int32) -> Int32 {
        let (sentence, status): (String, Int32)
        do {
            return try body()
        } catch let stop as StoppedEarly {
            sentence = "stopped by \(signalName(stop.signal)); nothing was sent"
            status = ExitStatus.endedBySignal(stop.signal)
        } catch let error as UsageError {
            (sentence, status) = (error.sentence, ExitStatus.wrongUsage)
        } catch let error as JournalError {
            (sentence, status) = (error.sentence, ExitStatus.wrongUsage)
        } catch {
            (sentence, status) = ("could not start: \(error)", ExitStatus.couldNotFinish)
        }
        let line = diagnosticLine(sentence, format)
        write(String(decoding: line, as: UTF8.self), to: STDERR_FILENO)
        return status
    }

    /// Prints a text on standard output and returns the exit status.
    private func printText(_ text: String) -> Int32 {
        guard let failure = write(text, to: STDOUT_FILENO), failure.number != EPIPE else {
            return ExitStatus.allAccepted
        }
        write("sender: standard output could not be written: \(failure)\n", to: STDERR_FILENO)
        return ExitStatus.couldNotFinish
    }

    /// Writes all of a text; returns the error that prevented it.
    ///
    /// Uses write(2) only: it must also work where no descriptor and no thread is left.
    @discardableResult
    private func write(_ text: String, to descriptor: Int32) -> SystemError? {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
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
}
