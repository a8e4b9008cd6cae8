// hostile/main.cpp - picks attacks by its seed and never stops by itself, unless told how many to
// make.
#include "attack.hpp"

#include <sys/process.hpp>

namespace {

using namespace hostile;  // NOLINT(google-build-using-namespace): this program is nothing else

Attack pick(check::Random& random)
{
    const std::array groups{message_attacks, attachment_attacks, ring_attacks, ring_attacks};
    const auto group = groups[random.below(groups.size())];
    return group[random.below(group.size())];
}

}  // namespace

int app_main(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("target");
    const u64 seed = text::parse_number(given.argument(0)).value_or(1);
    const u64 attacks = text::parse_number(given.argument(1)).value_or(0);
    if (!endpoint)
        return 1;
    const auto capacity = capacity_of(*endpoint);
    if (!capacity)
        return 2;
    Target target{*endpoint, *capacity, check::Random{seed * 0x9e37'79b9'7f4a'7c15 + 1}};
    for (u64 i = 0; i < attacks; ++i)
        pick(target.random).run(target);
    return 0;
}
