// orphans.cpp - clients of a disk that takes seconds for a request attach, submit and die, many in
// that time: their memory is the device's until it has answered, and then comes back. Several
// programs do so, since each has eight sessions at most. Arguments: how often eight die; "helper"
// of those whose end another one looks at.
#include <check/child.hpp>
#include <check/servers.hpp>

namespace {

using check::equals;
using check::that;

constexpr u32 at_once = 8;
constexpr std::array<std::string_view, 3> helpers{"second", "third", "fourth"};
constexpr u64 longest_ms = 120'000;  // that requests may take, on a host that is busy

// What the dead had is charged to who started them.
u64 frames() { return check::need(sys::info(check::self())).frames_used; }

bool in_time(auto holds)
{
    for (const auto end = sys::after_ms(longest_ms); sys::now() < end; check::sleep_ms(10))
        if (holds())
            return true;
    return false;
}

void one_client()
{
    check::Starter starter{"brief", {.image = "test_brief", .frames = 200, .handles = 64}};
    starter.grant("names", check::init().slot, abi::Kind::endpoint, abi::right::call);
    equals(starter.run().wait().exit.code, 0);
}

void clients_end(u32 count)
{
    const u64 before = frames();
    for (; count != 0; --count)
        one_client();
    that(frames() > before, "nothing of the dead was with the device");
    that(in_time([=] { return frames() == before; }), "frames of the dead do not come back");
}

void many_end()
{
    (void)check::archive();  // mapped once, and kept
    for (u64 left = check::need(text::parse_number(check::given().argument(0))); left != 0; --left)
        clients_end(at_once);
}

void leave_nothing()
{
    many_end();
    for (const auto helper : helpers) {
        const auto over = [=] { return check::about(helper).state == check::State::exited; };
        that(in_time(over), "a helper does not end");
        equals(check::about(helper).exit_code, u64{0});
    }
    equals(check::device("slow0").quarantined_pages, 0u);
    equals(check::about("slow0").epoch, 0u);
}

constexpr std::array cases{
    check::Case{"U23: clients that die with requests at a slow disk leave nothing behind",
                leave_nothing, check::Runs::once},
};
constexpr std::array help{check::Case{"so do those of others", many_end, check::Runs::once}};

}  // namespace

int app_main(const sys::Startup& given)
{
    return given.argument(1) == "helper" ? check::run_all(given, {help})
                                         : check::run_all(given, {cases});
}
