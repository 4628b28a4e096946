// A step of a login, while the caller answers it.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_LOGIN_HPP
#define CSHIM_LOGIN_HPP

#include <proton/types.h>

#include "cshim_login.h"

namespace cshim {
class SecurityLayer;
}

struct cshim_login {
    cshim::SecurityLayer &layer;
    pn_transport_t *transport;
    cshim_login_step_t step;
    bool is_answered = false;
    /// A mechanism was begun.
    bool is_begun = false;
};

#endif
