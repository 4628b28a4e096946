// Logins by SASL (§5.3), and the hashes for them.
// SPDX-License-Identifier: Apache-2.0

public import AMQP
internal import CShim

/// A step of the peer in a login.
public enum LoginStep: Sendable, Hashable {
    /// Its mechanisms (§5.3.3.1).
    case offered([String])
    /// A challenge (§5.3.3.3).
    case challenged([UInt8])
    /// An outcome of success, with its additional data (§5.3.3.5).
    case admitted([UInt8])
}

/// The answer to a step of a login.
public enum LoginAnswer: Sendable, Hashable {
    /// To an offer: this mechanism, with an initial response.
    case begin(mechanism: String, response: [UInt8])
    /// To a challenge.
    case respond([UInt8])
    /// To an outcome: the login has succeeded. To an offer: no mechanism may be used.
    case none
    /// To any step: the connection ends, and this is why.
    ///
    /// With ``AMQP/ConditionName/unauthorizedAccess`` it is a refused login.
    case fail(ErrorCondition)
}

extension LoginAnswer: CustomReflectable {
    /// Empty: `dump` would print a password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension LoginStep {
    init(_ step: cshim_login_step_t, _ bytes: UnsafeBufferPointer<UInt8>) {
        switch step {
        case .offered:
            let names = bytes.split(separator: UInt8(ascii: " "))
            self = .offered(names.map { String(decoding: $0, as: UTF8.self) })
        case .challenged: self = .challenged(Array(bytes))
        case .admitted: self = .admitted(Array(bytes))
        }
    }
}

extension LoginAnswer {
    /// Gives the answer.
    ///
    /// The shim refuses one that does not belong to the step, and the limit on the open ends the wait.
    func give(to login: OpaquePointer) {
        switch self {
        case .none: break
        case .begin(let mechanism, let response):
            cshim_login_begin(login, mechanism, response, response.count, nil)
        case .respond(let response):
            cshim_login_respond(login, response, response.count, nil)
        case .fail(let condition):
            cshim_login_fail(login, condition.name, condition.description, nil)
        }
    }
}

/// A hash function that logins are based on.
public enum LoginHash: Sendable, Hashable {
    case sha1
    case sha256
    case sha512

    /// Hashes bytes.
    ///
    /// - Isolation: any thread, as for all that it has. The result is empty if OpenSSL lacks the function.
    public func hash(_ bytes: [UInt8]) -> [UInt8] {
        made { cshim_hash(shim, bytes, bytes.count, $0) }
    }

    /// HMAC (RFC 2104).
    public func authenticationCode(of bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        made { cshim_hmac(shim, key, key.count, bytes, bytes.count, $0) }
    }

    /// PBKDF2 (RFC 8018 §5.2) with HMAC, as long as the hash.
    ///
    /// - Blocks: for about a microsecond for each iteration.
    public func key(from password: [UInt8], salt: [UInt8], iterationCount: UInt32) -> [UInt8] {
        made {
            cshim_derive_key(
                shim, password, password.count, salt, salt.count, iterationCount, $0)
        }
    }

    private var shim: cshim_hash_t {
        switch self {
        case .sha1: .sha1
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }

    private func made(_ make: (UnsafeMutablePointer<UInt8>) -> Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(CSHIM_HASH_SIZE_MAX)) { buffer, count in
            // It is not empty.
            count = make(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
