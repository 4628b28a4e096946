// A broker with a router in front of it.
// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// A broker behind one router.
struct Network {
    let folder: TemporaryFolder
    let broker: StandInBroker
    let ports: StandInRouter.Ports
    let router: StandInRouter

    init(misbehaving: [String] = [], router options: [String] = []) throws {
        folder = try TemporaryFolder()
        broker = try StandInBroker(in: folder, misbehaving: misbehaving)
        try broker.start()
        ports = try StandInRouter.Ports(broker: broker.port)
        router = try StandInRouter(
            "single-node.conf", ports: ports, in: folder, misbehaving: options)
        try router.start()
    }
}

/// The same with a broker that people use.
struct RealNetwork {
    let folder: TemporaryFolder
    let broker: RealBroker
    let ports: StandInRouter.Ports
    let router: StandInRouter

    init(_ name: String) throws {
        folder = try TemporaryFolder()
        broker = try RealBroker(name, in: folder)
        try broker.start()
        ports = try StandInRouter.Ports(broker: broker.port)
        router = try StandInRouter("single-node.conf", ports: ports, in: folder)
        try router.start()
    }
}
