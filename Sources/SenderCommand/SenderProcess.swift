// The process: standard descriptors, ignored signals, arguments, exit.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// The process that the command runs in.
public struct SenderProcess {
    /// Standard descriptors that the process was started without.
    private let closedDescriptors: Set<Int32>

    /// Prepares the process; before it opens anything.
    public init() {
        closedDescriptors = Self.reserveStandardDescriptors()
        // A reader that leaves does not stop sending: the write fails, and the lines are dropped.
        signal(SIGPIPE, SIG_IGN)
        // Likewise for a file that has reached its size limit.
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Parses the arguments and what they refer to: environment variables, password files, a prompt.
    public func readCommand() -> Command {
        Command(
            Array(processArguments.dropFirst()),
            environment: .process(without: closedDescriptors))
    }

    /// Ends the process.
    public func exit(_ status: Int32) -> Never {
        Glibc.exit(status)
    }

    /// Opens closed standard descriptors on /dev/null, and returns which were closed.
    ///
    /// Started with `>&-`, the next descriptor opened would be number 1, and the output lines
    /// would go there: to the peer, if it is the connection's socket.
    private static func reserveStandardDescriptors() -> Set<Int32> {
        let closed = (STDIN_FILENO...STDERR_FILENO).filter { fcntl($0, F_GETFD) == -1 }
        for descriptor in closed {
            // open() returns the lowest free number, which is this one. The wrong direction makes
            // reads and writes fail as on a closed descriptor: no empty input, no lost output.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
        return Set(closed)
    }
}
