// Arguments that the C ABI refuses before they reach proton.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Testing

@Suite
struct ArgumentTests {
    /// NULL where the header says that there is a pointer.
    private func null<Pointer>(_: Pointer.Type = Pointer.self) -> Pointer {
        unsafeBitCast(0, to: Pointer.self)
    }

    @Test("NULL where a pointer is required is refused, and the error says so")
    func nullArguments() {
        var error = cshim_error_t()
        let none: OpaquePointer = null()
        let statuses: [cshim_status_t] = [
            cshim_container_new(null(), null(), nil, &error),
            cshim_container_run(none, &error),
            cshim_container_stop(none, &error),
            cshim_container_wake_at(none, 0, &error),
            cshim_container_connect(none, 1, null(), nil, &error),
            cshim_connection_close(none, &error),
            cshim_connection_abort(none, &error),
            cshim_connection_open_session(none, 1, nil, &error),
            cshim_session_open_sender(none, 1, null(), nil, &error),
            cshim_sender_send(none, 1, null(), 1, &error),
            cshim_sender_return_credit(none, &error),
            cshim_sender_close(none, &error),
        ]
        #expect(statuses.allSatisfy { $0 == .invalidArgument })
        #expect(error.status == .invalidArgument)
        #expect(string(error.description) == "a required argument is NULL")
    }

    @Test("NULL is nothing to free, to wake or to ask")
    func nullIsNothing() {
        cshim_container_free(nil)
        cshim_connection_free(nil)
        cshim_session_free(nil)
        cshim_sender_free(nil)
        cshim_container_wake(null())
        #expect(cshim_session_outgoing_bytes(null()) == 0)
        #expect(cshim_sender_credit(null(), null()) == 0)
    }

    @Test("a table of callbacks has to be whole, and a container has to have an id")
    func container() {
        var table = Loop.callbacks(UnsafeMutableRawPointer(bitPattern: 8)!)
        var container: OpaquePointer?
        #expect(cshim_container_new("", &table, &container, nil) == .invalidArgument)
        table.batch_ended = null()
        #expect(cshim_container_new("id", &table, &container, nil) == .invalidArgument)
        #expect(container == nil)
    }

    @Test(
        "a host that would lead the parser of addresses astray is refused",
        arguments: [
            "", "a/b", "ann@host", "[::1]", "ho st", "a?b", "a#b",
            String(repeating: "x", count: 1001),
        ])
    func host(_ host: String) throws {
        let loop = Loop()
        loop.run { _ in
            #expect(throws: ShimError(status: .invalidArgument)) {
                try loop.connect(host: host, port: 1)
            }
            loop.stop()
        }
    }

    @Test("an IPv6 address is taken without brackets")
    func ipv6() {
        let loop = Loop()
        loop.run { event in
            switch event {
            case .started: try loop.connect(host: "::1", port: 1)
            case .connectionLost: loop.stop()
            default: break
            }
        }
        #expect(loop.reported == [.connectionLost(1, .transport, name: "proton:io")])
    }

    @Test("a file that TLS can't use is an error, without the key's password")
    func tls() {
        let loop = Loop()
        loop.run { _ in
            "secret".withCString { word in
                var tls = cshim_tls_options_t(
                    ca_file: nil, certificate_file: word, key_file: word, key_password: word,
                    is_peer_verified: true, server_name: nil)
                withUnsafePointer(to: &tls) { tls in
                    var options = cshim_connection_options_t(
                        host: word, address: nil, port: 1, virtual_host: nil,
                        idle_timeout_ms: 0, max_frame_size_bytes: 0, is_traced: false, tls: tls)
                    var connection: OpaquePointer?
                    var error = cshim_error_t()
                    #expect(
                        cshim_container_connect(loop.container, 1, &options, &connection, &error)
                            == .protonError)
                    #expect(string(error.description) == "the certificate can't be used")
                }
            }
            loop.stop()
        }
    }

    @Test("before the run there is no connecting")
    func notRunning() {
        let loop = Loop()
        #expect(throws: ShimError.self) { try loop.connect(port: 1) }
    }
}
