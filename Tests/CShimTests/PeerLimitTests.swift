// Limits that a peer sets: links on a session, and the size of a frame.
// SPDX-License-Identifier: Apache-2.0

import CShim
import RawPeer
import Testing

@Suite(.serialized)
struct PeerLimitTests {
    @Test("no link is attached by a handle above the peer's handle-max", arguments: [false, true])
    func handleMax(isSmall: Bool) throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(.open())
            try connection.expect(.begin)
            var begin = Frame.begin(handleMax: 1)
            begin.hasSmallDescriptor = isSmall
            try connection.send(begin)
            for handle in [0, 1] as [UInt64] {
                let attach = try connection.expect(.attach)
                guard attach[1].number == handle else { throw PeerError("\(attach)") }
            }
            try connection.answerEnding()
        }
        let loop = Loop()
        var statuses: [cshim_status_t] = []
        loop.run { event in
            switch event {
            case .started:
                try loop.connect(port: peer.port)
                try loop.openSession()
                try loop.openSender(3)
                // By then the peer's begin has come.
                try loop.wake(after: 10)
            case .woken:
                guard cshim_session_is_answered(loop.sessions[2]!) else {
                    return try loop.wake(after: 10)
                }
                for link in 4...6 as ClosedRange<UInt64> {
                    do {
                        try loop.openSender(link)
                        statuses.append(.ok)
                    } catch let error as ShimError {
                        statuses.append(error.status)
                    }
                }
                try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        #expect(statuses == [.ok, .limitReached, .limitReached])
    }

    @Test("an attach that may be larger than the peer's frames is not sent")
    func frameSize() throws {
        for length in [1, 200, 254, 255, 256, 300, 320, 330, 345, 360, 380, 400, 480, 600, 5_000] {
            let size = try attachSize(addressLength: length, frameSize: 65536)
            let measured = try #require(size)
            #expect(
                try (attachSize(addressLength: length, frameSize: 512) == nil) == (measured > 512)
                    || measured > 512 - 128, "\(length): \(measured) bytes")
            if measured > 512 {
                #expect(try attachSize(addressLength: length, frameSize: 512) == nil)
            }
        }
    }

    /// The size of the attach that the peer gets; nil when none is sent.
    private func attachSize(addressLength: Int, frameSize: UInt32) throws -> Int? {
        let peer = try Peer { connection in
            _ = try connection.greet()
            var open = Frame.open()
            open.fields[2] = .uint(frameSize)
            try connection.send(open)
            while let frame = try connection.read() {
                if frame.performative == .begin { try connection.send(.begin()) }
                if frame.performative == .attach {
                    attached.set(frame.size)
                    try connection.send(.attach(answering: frame))
                }
                if frame.performative == .close { return try connection.send(.close()) }
            }
        }
        let loop = Loop()
        var isSent = false
        loop.run { event in
            switch event {
            case .started: try loop.connect(port: peer.port)
            case .connectionOpened:
                try loop.openSession()
                do {
                    try loop.openSender(3, address: String(repeating: "a", count: addressLength))
                    isSent = true
                } catch {
                    #expect((error as? ShimError)?.status == .frameTooLarge)
                    try loop.close()
                }
            case .linkOpened: try loop.close()
            case .connectionLost: loop.stop()
            default: break
            }
        }
        try peer.finish()
        return isSent ? attached.value : nil
    }

    private let attached = AttachSize()
}

/// The size that the peer's thread has measured.
private final class AttachSize: @unchecked Sendable {
    private(set) var value = 0
    func set(_ size: Int) { value = size }
}
