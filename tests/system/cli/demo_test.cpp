// demo_test.cpp - `tools/vireo run` as a newcomer types it.
#include <regex>

#include <catch2/catch.hpp>
#include <cli/image.hpp>

using namespace cli;
using Catch::Matchers::Contains;
using Catch::Matchers::Matches;

TEST_CASE("run boots, shows the demo and ends with 0")
{
    const auto demo = vireo({"run"});
    CHECK(demo.status == 0);
    CHECK(demo.err.empty());
    CHECK_THAT(demo.out, Contains("src=kernel level=info msg=\"boot\""));
    CHECK_THAT(demo.out, Contains("src=init/0 level=info msg=\"servers ready\" count=6"));
    CHECK(lines_with(demo.out, "| disk0: 131072 sectors, 65536 KiB, read-write, serial vireo-disk0")
              .size()
          == 1);
    CHECK(lines_with(demo.out, "| scratch0: wrote 1024 KiB, flushed, read back: the same").size()
          == 1);
    for (const std::string program : {"disk0", "scratch0", "rng0", "kbd0", "nic0", "con0", "demo"})
        CHECK(lines_with(demo.out, "src=demo/0 | " + program + "  ").size() == 1);
    CHECK_THAT(demo.out, Contains("src=kernel verdict status=0"));
}

TEST_CASE("the demo's random bytes differ from run to run")
{
    const auto random = [](const Ran& demo) {
        std::smatch found;
        const std::regex line{R"(\| rng0: ([0-9a-f]{64})\n)"};
        return std::regex_search(demo.out, found, line) ? found[1].str() : "";
    };
    const auto first = random(vireo({"run"}));
    CHECK(first.size() == 64);
    CHECK(first != random(vireo({"run"})));
}

TEST_CASE("the demo writes to no disk of the user's")
{
    const TempDir dir;
    const auto image = dir / "d.img";
    make_image(image, 4 * mebibyte);
    put_noise(image, 0, 4 * mebibyte);
    const auto before = sha256(image);
    const auto demo = vireo({"run", "--disk", "disk0=" + image.string()});
    CHECK(demo.status == 0);
    CHECK_THAT(demo.out, Contains("| disk0: 8192 sectors, 4096 KiB, read-write"));
    CHECK(sha256(image) == before);
}

TEST_CASE("no file of the user's stands behind a scratch disk")
{
    const TempDir dir;
    const auto image = dir / "d.img";
    make_image(image, mebibyte);
    const auto refused = vireo({"run", "--disk", "scratch0=" + image.string()});
    CHECK(refused.status == 120);
    CHECK(refused.out.empty());
    CHECK_THAT(refused.err, Contains("'scratch0' is a scratch disk"));
}

TEST_CASE("the printed command line runs as it is")
{
    const auto dry = vireo({"run", "--dry-run"});
    REQUIRE(dry.status == 0);
    std::smatch found;
    REQUIRE(std::regex_search(dry.out, found, std::regex{"-initrd (/.*)/boot\\.archive"}));
    const Remains directory{found[1].str()};
    const auto pasted = program({"timeout", "30", "sh", "-c", dry.out});
    CHECK(pasted.status == 0);
    CHECK(pasted.err.empty());
    CHECK_THAT(pasted.out, Contains("| demo: all good"));
    CHECK_THAT(pasted.out, Contains("src=kernel verdict status=0"));
}

TEST_CASE("the kernel has no symbol of virtio")
{
    const auto symbols = [](const std::string& image) {
        return program({"llvm-nm-19", "--demangle", (target_tree() / image).string()});
    };
    const auto virtio_in = [](const Ran& listed) {
        return std::regex_search(listed.out, std::regex{"virtio", std::regex::icase});
    };
    const auto kernel = symbols("microkernel/kernel.elf");
    CHECK(kernel.status == 0);
    CHECK_THAT(kernel.out, Contains("kernel_main"));
    CHECK_FALSE(virtio_in(kernel));
    CHECK(virtio_in(symbols("programs/blkd.elf")));
}
