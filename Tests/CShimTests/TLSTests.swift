// TLS: who is trusted, and under which name.
// SPDX-License-Identifier: Apache-2.0

import CShim
import Foundation
import RawPeer
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: TLSProxy.isUsable, "no openssl or python3 here"))
struct TLSTests {
    private func loss(
        host: String = "localhost", serverName: String? = nil, authorities: String? = nil,
        isPeerVerified: Bool = true, through proxy: TLSProxy
    ) -> [Event] {
        let loop = Loop()
        let hostCopy = strdup(host)
        let authoritiesCopy = authorities.map { strdup($0) } ?? nil
        let serverNameCopy = serverName.map { strdup($0) } ?? nil
        defer { free(hostCopy); free(authoritiesCopy); free(serverNameCopy) }
        var tls = cshim_tls_options_t(
            ca_file: authoritiesCopy, certificate_file: nil, key_file: nil, key_password: nil,
            is_peer_verified: isPeerVerified, server_name: serverNameCopy)
        withUnsafePointer(to: &tls) { tls in
            loop.run { event in
                switch event {
                case .started:
                    try loop.connect(port: proxy.port) {
                        $0.virtual_host = UnsafePointer(hostCopy)
                        $0.tls = tls
                    }
                case .connectionOpened: try loop.close()
                case .connectionLost: loop.stop()
                default: break
                }
            }
        }
        return loop.reported
    }

    @Test(
        "a certificate is trusted by its authority and name, and only by both, unless nothing is verified"
    )
    func trust() throws {
        // Three of the six handshakes succeed.
        let peer = try Peer(connectionCountMax: 3) { connection in
            _ = try connection.greet()
            try connection.send(.open())
            try connection.answerEnding()
        }
        let proxy = try TLSProxy(to: peer.port)
        let opened: [Event] = [
            .connectionOpened(1, peer: "raw-peer"), .connectionLost(1, .closed, name: ""),
        ]
        func refused(_ name: String) -> [Event] {
            [.connectionLost(1, .transport, name: "tls:certificate-\(name)")]
        }
        #expect(loss(authorities: proxy.certificate, through: proxy) == opened)
        #expect(loss(through: proxy) == refused("untrusted"))
        #expect(
            loss(host: "elsewhere", authorities: proxy.certificate, through: proxy)
                == refused("name-mismatch"))
        #expect(loss(host: "elsewhere", isPeerVerified: false, through: proxy) == opened)
        // The name in the certificate need not be that of the open.
        #expect(
            loss(
                host: "elsewhere", serverName: "localhost", authorities: proxy.certificate,
                through: proxy) == opened)
        #expect(
            loss(serverName: "elsewhere", authorities: proxy.certificate, through: proxy)
                == refused("name-mismatch"))
        try peer.finish()
    }

    @Test(
        "a peer that goes away without a word is lost over TLS as it is without",
        arguments: ["1.2", "1.3"])
    func abruptEnd(version: String) throws {
        let peer = try Peer { connection in
            _ = try connection.greet()
            try connection.send(.open())
        }
        let proxy = try TLSProxy(to: peer.port, version: version)
        #expect(
            loss(authorities: proxy.certificate, through: proxy) == [
                .connectionOpened(1, peer: "raw-peer"),
                .connectionLost(1, .transport, name: "amqp:connection:framing-error"),
            ])
        try peer.finish()
    }

    @Test("a key that is replaced while it is read is an error without the key's password")
    func replacedKey() throws {
        let proxy = try TLSProxy(to: 1)
        let path = proxy.path("replaced.key")
        let good = try String(contentsOfFile: proxy.key, encoding: .utf8)
        #expect(mkfifo(path, 0o600) == 0)
        // The first reader gets the key, from a pipe whose place a file without one has taken.
        Thread.detachNewThread {
            let pipe = open(path, O_WRONLY)
            try? "no key\n".write(toFile: path, atomically: true, encoding: .utf8)
            _ = good.withCString { write(pipe, $0, strlen($0)) }
            close(pipe)
        }
        let loop = Loop()
        let words = [proxy.certificate, path, "hidden-key-password"]
            .map { (word: String) -> UnsafeMutablePointer<CChar>? in strdup(word) }
        defer { words.forEach { free($0) } }
        var tls = cshim_tls_options_t(
            ca_file: nil, certificate_file: words[0], key_file: words[1], key_password: words[2],
            is_peer_verified: true, server_name: nil)
        var error = cshim_error_t()
        withUnsafePointer(to: &tls) { tls in
            loop.run { _ in
                // Proton-cpp leaks what it has made before it finds that a file can't be used.
                withoutLeakSanitizer {
                    try? loop.connect(port: 1, error: &error) { $0.tls = tls }
                }
                loop.stop()
            }
        }
        #expect(error.status == .protonError)
        #expect(string(error.description) == "the certificate's key can't be used")
    }
}

/// Ends TLS with a certificate for "localhost" and hands the rest on to a peer.
private final class TLSProxy {
    static let python = "/usr/bin/python3"
    static let openssl = "/usr/bin/openssl"
    static var isUsable: Bool {
        [python, openssl].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    }

    let port: UInt16
    let certificate: String
    let key: String
    private let folder: TemporaryFolder
    private let process: ChildProcess
    private let input = Pipe()

    private static let program = """
        import os, socket, ssl, sys, threading
        # Ends with the test, however that ends.
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        def pump(source, sink):
            try:
                while data := source.recv(65536): sink.sendall(data)
            except OSError: pass
            finally:
                for end in (source, sink):
                    try: end.shutdown(socket.SHUT_RDWR)
                    except OSError: pass
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        if sys.argv[4] == "1.2": context.maximum_version = ssl.TLSVersion.TLSv1_2
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        while True:
            plain, _ = listener.accept()
            try:
                client = context.wrap_socket(plain, server_side=True)
                # A client that does not trust us says so here, in the place of data.
                first = client.recv(65536)
            except OSError: continue
            peer = socket.create_connection(("127.0.0.1", int(sys.argv[3])))
            peer.sendall(first)
            for ends in ((client, peer), (peer, client)):
                threading.Thread(target=pump, args=ends, daemon=True).start()
        """

    init(to port: UInt16, version: String = "1.3") throws {
        folder = try TemporaryFolder()
        certificate = folder.file("certificate.pem").path
        key = folder.file("key.pem").path
        let request = try ChildProcess.run([
            Self.openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost", "-days", "2", "-keyout", key, "-out", certificate,
        ])
        guard request.status == 0 else { throw TestFailure("no certificate: \(request.errors)") }
        process = try ChildProcess(
            "proxy", executable: URL(fileURLWithPath: Self.python),
            arguments: ["-c", Self.program, certificate, key, "\(port)", version], input: input)
        try process.waitForOutput("its port") { !$0.isEmpty }
        self.port = try #require(UInt16(process.output.lines[0]))
    }

    deinit {
        try? input.fileHandleForWriting.close()
        _ = try? process.wait(seconds: 60)
    }

    /// A file that goes with the certificate.
    func path(_ name: String) -> String { folder.file(name).path }
}
