// The C objects under proton-cpp's, which are visible to derived classes only.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_ACCESS_HPP
#define CSHIM_ACCESS_HPP

#include <proton/connection.hpp>
#include <proton/receiver.hpp>
#include <proton/sender.hpp>
#include <proton/session.hpp>
#include <proton/tracker.hpp>
#include <proton/transport.hpp>

namespace cshim {

template <typename Object>
struct Access : Object {
    static auto get(const Object &object) noexcept { return (object.*(&Access::pn_object))(); }
};

template <typename Object>
auto pn(const Object &object) noexcept {
    return Access<Object>::get(object);
}

}  // namespace cshim

#endif
