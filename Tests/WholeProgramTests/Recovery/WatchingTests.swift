// A system where epoll fails.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension WholeProgram {
    @Suite("A system that watches no more sockets", .serialized, .enabled(if: !Sanitizer.isThere))
    struct WatchingTests {
        private let folder: TemporaryFolder
        private let broker: StandInBroker

        init() throws {
            folder = try TemporaryFolder()
            broker = try StandInBroker(in: folder, misbehaving: [], options: [])
            try broker.start()
        }

        /// Lets epoll_ctl fail for sockets: from one call on up to another, or for those that connect.
        private static let fault = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <netinet/in.h>
            #include <stdlib.h>
            #include <sys/epoll.h>
            #include <sys/socket.h>

            int epoll_ctl(int watcher, int operation, int descriptor, struct epoll_event *event)
            {
                static int count;
                int (*real)(int, int, int, struct epoll_event *) = dlsym(RTLD_NEXT, "epoll_ctl");
                struct sockaddr_in address = {0};
                socklen_t size = sizeof address;
                if (operation == EPOLL_CTL_ADD
                    && !getsockname(descriptor, (struct sockaddr *)&address, &size)) {
                    count += 1;
                    const char *first = getenv("FAULT_FIRST");
                    const char *last = getenv("FAULT_LAST");
                    int fails = first ? count >= atoi(first) && count <= atoi(last) : address.sin_port;
                    if (fails) {
                        errno = ENOSPC;
                        return -1;
                    }
                }
                return real(watcher, operation, descriptor, event);
            }
            """

        private func run(_ variables: [String: String], _ options: String...) throws -> SenderRun {
            let library = folder.file("fault.so")
            let compiler = try ChildProcess(
                "cc", executable: URL(filePath: "/usr/bin/env"),
                arguments: [
                    "bash", "-c", "cc -shared -fPIC -o \"$0\" -x c - -ldl <<<\"$1\"", library.path,
                    Self.fault,
                ])
            #expect(try compiler.wait(seconds: 60) == 0, "\(compiler.allOutput)")
            let environment = variables.merging(["LD_PRELOAD": library.path]) { $1 }
            return try SenderRun(
                ["-a", "amqp://127.0.0.1:\(broker.port)/link1.test"] + options,
                environment: environment)
        }

        @Test("one that watches none is said at the start")
        func none() throws {
            let run = try run(["FAULT_FIRST": "1", "FAULT_LAST": "1000000"], "-m", "1")
            #expect(try run.process.wait(seconds: 30) == 2)
            run.expectErrors("a socket can't be watched: No space left on device")
        }

        @Test("one that watches none for a while is the loss of a connection")
        func forAWhile() throws {
            let run = try run(
                ["FAULT_FIRST": "2", "FAULT_LAST": "3"], "-r", "-s", "20", "-m", "3", "-i", "0")
            try run.expectAllAccepted(3)
            run.expectErrors("a socket can't be watched: No space left on device", count: 2)
        }

        @Test("what no look beforehand finds out ends the run all the same, with the account")
        func unseen() throws {
            let events = folder.file("events")
            let metrics = folder.file("run.prom")
            let run = try run(
                [:], "-m", "1", "--open-timeout", "300", "--events", events.path,
                "--metrics-file", metrics.path)
            #expect(try run.process.wait(seconds: 60) == 2)
            run.expectErrors("the connection's loop has made no progress for ")
            run.expectErrors("summary: taken 0 = accepted 0")
            try expectEvents("closed", in: events)
            let last = try String(contentsOf: events, encoding: .utf8).split(separator: "\n").last
            #expect(last?.contains(#""event":"closed","end":"hung","status":2,"#) == true)
            #expect(last?.contains(#""text":"the connection's loop has made no progress"#) == true)
            let figures = try String(contentsOf: metrics, encoding: .utf8)
            #expect(figures.contains("sender_exit_status 2\n"))
            #expect(figures.contains("sender_state{state=\"ended\"} 1\n"))
        }
    }
}
