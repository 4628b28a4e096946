// The plugin by which RabbitMQ checks tokens.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// RabbitMQ's plugin that checks tokens, if it is installed.
enum TokenPlugin {
    static let name = "rabbitmq_auth_backend_oauth2"

    static let isThere: Bool = {
        let library = URL(filePath: "/usr/lib/rabbitmq/lib")
        func contents(_ folder: URL) -> [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        }
        let plugins = contents(library).flatMap {
            contents(library.appending(path: "\($0)/plugins"))
        }
        return RealBroker.reasonToSkip("rabbitmq") == nil
            && plugins.contains { $0.hasPrefix(name) }
    }()
}
