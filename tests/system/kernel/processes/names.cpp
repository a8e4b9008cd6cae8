// names.cpp - the name of a process stands in front of what it prints: nobody may look like the
// kernel or like init.
#include "cases.hpp"

#include <check/child.hpp>

namespace {

using check::fails;
using check::need;

Result<sys::Handle<sys::Process>> named(std::string_view name, u32 cpu = 0, u32 max_priority = 0)
{
    abi::ProcessQuota quota{8, 0, 0, max_priority, {}, 0, cpu};
    for (usize i = 0; i < name.size() && i < quota.name.size(); ++i)
        quota.name[i] = name[i];
    return sys::create_process(check::self(), quota);
}

void bad_names()
{
    for (const std::string_view bad :
         {"", "kernel", "Upper", "with space", "semi;colon", "new\nline", "quote\"d", "slash/0",
          "sixteen-letters-", "tab\t", "\x80umlaut", "src=kernel", "a=b"})
        fails(named(bad), Errc::bad_argument);
}

void init_is_one() { fails(named("init"), Errc::bad_argument); }

// What stands behind the zero that ends a name is no part of it; it may not smuggle anything.
void hidden_tail()
{
    abi::ProcessQuota quota{8, 0, 0, 0, text::padded<16>("short"), 0, 0};
    quota.name[10] = 'x';
    const auto made = sys::create_process(check::self(), quota);
    check::that(made.has_value() || made.error() == Errc::bad_argument, "neither made nor refused");
}

void good_names()
{
    for (const std::string_view good :
         {"a", "disk0", "with-dash", "with_line", "fifteen-letters", "0"})
        check::works(named(good));
}

void cpus_that_run()
{
    const auto cpus = need(sys::system_info()).cpus;
    for (u32 cpu = 1; cpu <= cpus; ++cpu)
        check::works(named("name", cpu));
    fails(named("name", cpus + 1), Errc::out_of_range);
    fails(named("name", ~u32{0}), Errc::out_of_range);
}

void priorities_are_limited()
{
    check::works(named("name", 0, 30));
    fails(named("name", 0, 31), Errc::out_of_range);
    fails(named("name", 0, 64), Errc::out_of_range);
    fails(named("name", 0, ~u32{0}), Errc::out_of_range);
}

constexpr std::array cases{
    check::Case{"names that could forge a line are refused", bad_names},
    check::Case{"no child is called init", init_is_one},
    check::Case{"bytes behind the end of a name do no harm", hidden_tail},
    check::Case{"good names are taken", good_names},
    check::Case{"a process runs on a CPU that there is", cpus_that_run},
    check::Case{"no process gets a priority above its payer's", priorities_are_limited},
};

}  // namespace

const check::Cases name_cases{cases};
