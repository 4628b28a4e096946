# The parts that the stand-in broker and router, the checks and the probe are made of.
# SPDX-License-Identifier: Apache-2.0

"""From the bottom up:

loop, wire, sasl        sockets, timers, proton's engine: bytes in, events out
connection, endpoints   what every peer does with connections, sessions, links and deliveries
faults, misconduct      the misbehaviours: when one is due, and what it does
store, producers, consumers, broker                     the broker
configuration, router, router_connection                the router
link_routes, routed_link, link_loss                     its link routes
message_routes, neighbours                              its other addresses, and other routers
client, tally, commands, log                            the checks; what all commands share
"""
