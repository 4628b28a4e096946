// The files of logins and TLS, at the start and before each connect.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

extension RunOptions {
    /// Checks the files that each connect reads.
    ///
    /// - Throws: An error about the first unusable file.
    func checkTLSFiles() throws(UsageError) {
        for file in tlsFiles { try file.checkReadable() }
        // OpenSSL takes its time to begin.
        guard sending.endpoints.contains(where: \.isTLS) else { return }
        try check(sending.tls)
    }

    /// Reads the files that a connection to this endpoint needs, as they are now.
    func secrets(for endpoint: Int) -> Result<Secrets, UnusableFile> {
        do throws(UsageError) {
            let secrets = try secretFiles.read(for: endpoint)
            guard sending.endpoints[endpoint].isTLS, !tlsFiles.isEmpty else {
                return .success(secrets)
            }
            for file in tlsFiles { try file.checkReadable() }
            var tls = sending.tls
            if let password = secrets.keyPassword { tls.keyPassword = password }
            try check(tls)
            return .success(secrets)
        } catch {
            return .failure(UnusableFile(sentence: error.sentence))
        }
    }

    private var tlsFiles: [NamedFile] {
        [security.authorities, security.certificate, security.key].compactMap(\.self)
    }

    private func check(_ tls: TLSOptions) throws(UsageError) {
        if let fault = tls.fault { throw UsageError(sentence(fault)) }
    }

    private func sentence(_ fault: TLSFault) -> String {
        let authorities = security.authorities?.words ?? ""
        let certificate = security.certificate?.words ?? ""
        let key = security.key?.words ?? certificate
        return switch fault {
        case .library:
            "there is no TLS here: OpenSSL can't be used"
        case .authorities:
            "\(authorities) holds no certificate of an authority: it must be a PEM file of them"
        case .certificate:
            "\(certificate) holds no certificate: it must be a PEM file with one"
        case .key where security.key == nil:
            "\(certificate) holds no key: name the key's file with --tls-key FILE"
        case .key:
            "\(key) holds no key: it must be a PEM file with one"
        case .keyPassword where sending.tls.keyPassword == nil:
            "the key in \(key) is encrypted: give its password with --tls-key-password-file FILE"
        case .keyPassword:
            "the key in \(key) can't be decrypted: the password of --tls-key-password-file is wrong"
        case .keyMismatch:
            "the key in \(key) does not belong to the certificate in \(certificate): "
                + "name the files of one pair"
        }
    }
}

extension NamedFile {
    fileprivate func checkReadable() throws(UsageError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw UsageError("\(words) can't be read: \(SystemError(number: errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        // Read at each connect, which a pipe does not allow.
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw UsageError("\(words) is not a regular file: name one")
        }
    }
}
