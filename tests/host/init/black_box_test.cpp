// tests/host/init/black_box_test.cpp - what a server that ended did last, as init prints it.
#include "black_box.hpp"
#include "managed.hpp"

#include <catch2/catch.hpp>
#include <sys/progress.hpp>

using namespace fake;
using Box = abi::BlackBox;

namespace {

std::vector<std::string> printed(const Box& box)
{
    Kernel kernel;
    init::print_box("disk0", box);
    return kernel.log;
}

std::string line(std::string_view rest)
{
    return R"(level=error msg="black box" program=disk0 at_us=)" + std::string{rest};
}

struct Noted {
    abi::Progress page{};
    abi::Progress* before = std::exchange(sys::detail::progress, &page);
    ~Noted() { sys::detail::progress = before; }
};

}  // namespace

TEST_CASE("the last events of a server are lines, the oldest first", "[init][black_box][U21]")
{
    sys::host_counter = 0;
    Noted noted;
    sys::note(Box::What::gone, 1);  // too old
    const u64 answered = sys::note_message(0x2a, 3);
    sys::host_counter = 62'500;
    sys::note(Box::What::reset, 2);
    sys::note_answer(answered, Errc::denied);
    sys::note(Box::What::gone, 7);
    (void)sys::note_message(0x2b, 4);
    CHECK(printed(noted.page.box)
          == std::vector{line("0 event=message badge=0x2a ordinal=3 answer=denied"),
                         line("1000 event=reset times=2"), line("1000 event=gone badge=0x7"),
                         line("1000 event=message badge=0x2b ordinal=4 answer=none")});
}

TEST_CASE("an empty box says nothing, a full one its newest", "[init][black_box]")
{
    Noted noted;
    CHECK(printed(noted.page.box).empty());
    for (u64 n = 0; n < 100; ++n)
        sys::note(Box::What::gone, n);
    const auto lines = printed(noted.page.box);
    REQUIRE(lines.size() == 4);
    CHECK(lines.back().contains("badge=0x63"));
}

TEST_CASE("whatever a dying server left in its box is printed, and nothing beside it",
          "[init][black_box][hostile]")
{
    Box box{};
    box.count = GENERATE(1U, 17U, ~u64{0});
    for (auto& event : box.events)
        event = {~u64{0}, ~u64{0}, static_cast<Box::What>(GENERATE(0U, 1U, 5U, ~0U)), ~0U};
    CHECK(printed(box).size() <= 4);
}

TEST_CASE("a crash comes with what the server did and what its device had, and the next one has "
          "a box of its own",
          "[init][black_box][U21]")
{
    Managed world;
    Box& box = progress(world).box;
    box.events[0] = {0, 0x2a, Box::What::gone, 0};
    box.count = 1;
    world.die("disk0", abi::ExitCause::fault);
    CHECK(world.logged("black box\" program=disk0"));
    CHECK(box.count == 0);
    world.kernel.log.clear();
    world.die("disk0", abi::ExitCause::exited);
    CHECK_FALSE(world.logged("black box"));
}
