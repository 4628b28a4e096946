// Certificates, made by openssl for one test.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A certificate authority of a test's own, and what it signs.
struct Authority {
    /// PEM file of its certificate.
    let certificate: String
    private let key: String
    private let folder: TemporaryFolder

    /// A certificate and its key.
    struct Pair {
        let certificate: String
        let key: String
    }

    init(_ name: String = "authority", in folder: TemporaryFolder) throws {
        self.folder = folder
        certificate = folder.file("\(name).pem").path
        key = folder.file("\(name).key").path
        try openssl(
            ["req", "-x509"] + newKey(key) + [
                "-nodes", "-subj", "/CN=\(name)", "-days", "2", "-out", certificate,
            ])
    }

    /// Signs a certificate for one name, which is also its file's.
    func sign(
        _ name: String, isExpired: Bool = false, keyPassword: String? = nil
    ) throws -> Pair {
        let file = isExpired ? "\(name)-expired" : name
        let pair = Pair(
            certificate: folder.file("\(file).pem").path, key: folder.file("\(file).key").path)
        let request = folder.file("\(file).csr").path
        let extensions = folder.file("\(file).ext").path
        try "subjectAltName=DNS:\(name)\n".write(
            toFile: extensions, atomically: true, encoding: .utf8)
        try openssl(
            ["req"] + newKey(pair.key)
                + (keyPassword.map { ["-passout", "pass:\($0)"] } ?? ["-nodes"])
                + ["-subj", "/CN=\(name)", "-out", request])
        // A certificate of no days has expired when it is made.
        try openssl([
            "x509", "-req", "-in", request, "-CA", certificate, "-CAkey", key, "-CAcreateserial",
            "-days", isExpired ? "0" : "2", "-extfile", extensions, "-out", pair.certificate,
        ])
        return pair
    }

    private func newKey(_ path: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", path]
    }

    private func openssl(_ arguments: [String]) throws {
        let process = try ChildProcess(
            "openssl", executable: URL(filePath: "/usr/bin/openssl"), arguments: arguments)
        guard try process.wait(seconds: 30) == 0 else {
            throw TestFailure("openssl failed:\n\(process.allOutput)")
        }
    }
}

/// TLS in front of a peer.
final class TLSEnd {
    let port: Int
    private let process: ChildProcess

    /// Its output.
    var log: String { process.allOutput }

    init(_ pair: Authority.Pair, to port: Int, options: [String] = []) throws {
        process = try ChildProcess(
            "tls", executable: Places.python,
            arguments: [
                Places.standIn("tls.py"), "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(port)",
                "--cert", pair.certificate, "--key", pair.key,
            ] + options)
        try process.waitForLine(containing: "listening on")
        let line = process.output.lines.first { $0.contains("listening on") } ?? ""
        guard let text = line.split(separator: ":").last, let port = Int(text) else {
            throw TestFailure("no port in “\(line)”")
        }
        self.port = port
    }
}
