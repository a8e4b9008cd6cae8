// tests/host/clients/counted.hpp - what a server counts in its page, by name.
#pragma once

#include <sys/progress.hpp>
#include <sys/statistics.hpp>

namespace bench {

// ~0: it has no counter of that name.
inline u64 counted(std::string_view name)
{
    const auto page = sys::read_statistics(sys::statistics());
    for (usize i = 0; i < page.names.size() && page.since != 0; ++i)
        if (text::of(page.names[i]) == name)
            return sys::value_of(page, i);
    return ~u64{0};
}

}  // namespace bench
