# The parts that the stand-in broker and router, the checks and the probe are made of.
# SPDX-License-Identifier: Apache-2.0
