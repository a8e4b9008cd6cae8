// command_line_test.cpp - the words that QEMU gets.
#include "command_line.hpp"
#include "failure.hpp"
#include "fixtures.hpp"
#include "pinning.hpp"
#include "text.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;

namespace {

const QemuFiles files{.kernel = "/p/Image",
                      .archive = "/p/boot.archive",
                      .directory = "/p",
                      .qmp_socket = "/p/a,b/qmp",
                      .log = "/p/qemu.log"};

std::vector<std::string> words(System system, const QemuOptions& options = {})
{
    pin_devices(system);
    return qemu_command_line(system, files, options);
}

System demo(const std::string& more = "") { return parse_system(system_text(more), "x.toml"); }

bool has_pair(const std::vector<std::string>& all,
              const std::string& option,
              const std::string& value)
{
    for (usize i = 0; i + 1 < all.size(); ++i)
        if (all[i] == option && all[i + 1] == value)
            return true;
    return false;
}

}  // namespace

TEST_CASE("the machine is named in full, and modern slots are asked for")
{
    const auto all = words(demo());
    CHECK(has_pair(all, "-M", "virt,gic-version=3,dtb-randomness=off"));
    CHECK(has_pair(all, "-cpu", "cortex-a72"));
    CHECK(has_pair(all, "-m", "256M"));
    CHECK(has_pair(all, "-global", "virtio-mmio.force-legacy=false"));
    CHECK(has_pair(all, "-d", "guest_errors,unimp"));
    CHECK(has_pair(all, "-smp", "1,maxcpus=2"));  // or barriers would be left out
    auto several = demo();
    several.machine.cpus = 4;
    CHECK(has_pair(words(several), "-smp", "4"));
    auto legacy = demo();
    legacy.machine.legacy = true;
    CHECK(has_pair(words(legacy), "-global", "virtio-mmio.force-legacy=true"));
    auto older = demo();
    older.machine.gic = 2;
    CHECK(has_pair(words(older), "-M", "virt,gic-version=2,dtb-randomness=off"));
    auto tagged = demo();
    tagged.machine.tags = true;
    CHECK(has_pair(words(tagged), "-M", "virt,gic-version=3,dtb-randomness=off,mte=on"));
}

TEST_CASE("accesses to devices are traced for the monitor, if it wants them")
{
    CHECK(std::ranges::count(words(demo()), "-trace") == 0);
    auto traced = files;
    traced.trace = true;
    auto system = demo();
    pin_devices(system);
    const auto all = qemu_command_line(system, traced, {});
    CHECK(has_pair(all, "-trace", "memory_region_ops_read"));
    CHECK(has_pair(all, "-trace", "memory_region_ops_write"));
}

TEST_CASE("every device is pinned to its slot")
{
    const auto all = words(demo());
    CHECK(has_pair(
        all, "-device",
        "virtio-blk-device,id=disk0,bus=virtio-mmio-bus.0,drive=disk0,serial=vireo-disk0"));
    CHECK(has_pair(all, "-device",
                   "virtio-rng-device,id=rng0,bus=virtio-mmio-bus.16,rng=rng0-source"));
    CHECK(std::ranges::count(all, "-device") == 3);
    for (const auto& word : all)
        if (word.starts_with("virtio-") && !word.starts_with("virtio-mmio."))
            CHECK_THAT(word, Catch::Matchers::Contains("bus=virtio-mmio-bus."));
}

TEST_CASE("names of files reach QEMU whole, whatever is in them")
{
    auto system = demo();
    system.devices[0].image =
        FileImage{.path = "/a,b/\"c\" d.img", .format = ImageFormat::qcow2, .read_only = true};
    const auto all = words(system);
    CHECK(has_pair(all, "-blockdev",
                   R"({"node-name":"disk0","discard":"unmap","driver":"qcow2","read-only":true,)"
                   R"("file":{"driver":"file","read-only":true,"filename":"/a,b/\"c\" d.img"},)"
                   R"("backing":null})"));
    CHECK(has_pair(all, "-qmp", "unix:/p/a,,b/qmp,server=on,wait=off"));
    system.devices[0].image = FileImage{.path = "/\xff.img"};
    CHECK_THROWS_AS(words(system), Failure);
}

TEST_CASE("device properties of the file are passed on, with commas doubled")
{
    auto system = demo("[device.k]\ntype = \"virtio-keyboard\"\nqemu = { \"packed\" = true, \"x\" "
                       "= \"1,2\", y = 3 }\n");
    const auto all = words(system);
    CHECK(has_pair(all, "-device",
                   "virtio-keyboard-device,id=k,bus=virtio-mmio-bus.24,packed=on,x=1,,2,y=3"));
    CHECK(has_pair(words(demo("[device.n]\ntype = \"virtio-net\"\n")), "-netdev",
                   "user,id=n-peer,restrict=on"));
}

TEST_CASE("injected errors stand between the disk and its image")
{
    auto system = demo();
    system.devices[0].image = NullImage{.bytes = 4096, .latency_ns = 5};
    system.devices[0].errors = {{.sector = 7, .on = "read", .error = 5, .once = true},
                                {.on = "flush"}};
    CHECK(
        has_pair(words(system), "-blockdev",
                 R"({"node-name":"disk0","discard":"unmap","driver":"blkdebug","inject-error":[)"
                 R"({"event":"none","iotype":"read","errno":5,"once":true,"sector":7},)"
                 R"({"event":"none","iotype":"flush","errno":5,"once":false}],)"
                 R"("image":{"driver":"null-co","size":4096,"latency-ns":5,"read-zeroes":true}})"));
}

TEST_CASE("the user's options come last, so that they win")
{
    const auto all = words(demo(), {.program = "/q", .extra = {"-S"}, .user = {"-cpu", "max"}});
    CHECK(all.front() == "/q");
    REQUIRE(all.size() > 3);
    CHECK(std::vector(all.end() - 3, all.end()) == std::vector<std::string>{"-S", "-cpu", "max"});
}

TEST_CASE("the printed command line is what a shell would run")
{
    const auto all = words(demo());
    auto printed = printed_command_line(all);
    for (usize at = printed.find("\\\n"); at != std::string::npos; at = printed.find("\\\n"))
        printed.erase(at, 2);
    CHECK(shell_words(printed) == all);
}
