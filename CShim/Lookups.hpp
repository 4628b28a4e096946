// Looks up the addresses of names beside the loop.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_LOOKUPS_HPP
#define CSHIM_LOOKUPS_HPP

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cshim {

/// What a look-up has found.
struct Addresses {
    /// Numeric, in the order in which they are to be tried.
    std::vector<std::string> numeric;
    /// Why there are none.
    std::string failure;
};

/// Looks names up, each on a thread of its own: the resolver blocks, can't be stopped, and may take
/// longer than anybody waits. At most one look-up of a name is under way.
class Lookups {
public:
    /// `landed` is called whenever there is something to take, on any thread.
    explicit Lookups(std::function<void()> landed);
    /// What is under way goes on, and is forgotten.
    ~Lookups();
    Lookups(const Lookups &) = delete;
    Lookups &operator=(const Lookups &) = delete;

    struct Landed {
        uint64_t id;
        Addresses addresses;
    };

    /// Begins a look-up, or joins the one of this name. Throws when there can be no thread.
    void begin(uint64_t id, const std::string &host);
    /// What has landed since the last call. Loop.
    std::vector<Landed> take();

private:
    struct Shared;
    const std::shared_ptr<Shared> shared_;
};

#ifdef CSHIM_TESTING
/// Takes the place of the system's resolver for names; nullptr: no more.
extern std::atomic<Addresses (*)(const std::string &host)> resolver_for_tests;
#endif

}  // namespace cshim

#endif
