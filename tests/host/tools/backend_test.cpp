// backend_test.cpp - programs of the host behind devices.
#include "backend.hpp"
#include "command_line.hpp"
#include "failure.hpp"
#include "fixtures.hpp"

#include <algorithm>
#include <functional>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* two_devices = R"(
[device.far0]
type = "virtio-blk"
backend = "vhost-user"
[device.far1]
type = "virtio-net"
backend = "vhost-user"
)";

System system_with(const std::string& more) { return parse_system(system_text(more), "x.toml"); }

int refusal(const std::function<void()>& action)
{
    try {
        action();
        return 0;
    } catch (const Failure& failure) {
        return code(failure.exit());
    }
}

bool has_word(const std::vector<std::string>& all, const std::string& word)
{
    return std::ranges::contains(all, word);
}

}  // namespace

TEST_CASE("every device with a back end is given one, and no other device")
{
    auto system = system_with(two_devices);
    const auto choose = [&](std::vector<std::string> words) {
        auto copy = system;
        return refusal([&] { choose_backends(copy, words); });
    };
    CHECK(choose({"far0=one", "far1=two 'and a word'"}) == 0);
    CHECK(choose({}) == 120);
    CHECK(choose({"far0=one"}) == 120);
    CHECK(choose({"far0=one", "far0=one", "far1=two"}) == 120);
    CHECK(choose({"far0=one", "far1="}) == 120);
    CHECK(choose({"far0=one", "far1='open"}) == 120);
    CHECK(choose({"far0=one", "far1=two", "disk0=three"}) == 120);
    CHECK(choose({"far0"}) == 120);
    choose_backends(system, {"far0=one", "far1=two 'and a word'"});
    CHECK(std::ranges::find(system.devices, "far1", [](const Device& one) { return one.name.text; })
              ->backend
          == std::vector<std::string>{"two", "and a word"});
}

TEST_CASE("QEMU shares the guest's memory with back ends, and finds their sockets")
{
    const QemuFiles files{.kernel = "/k",
                          .archive = "/a",
                          .directory = "/d",
                          .qmp_socket = "/q",
                          .sockets = "/s,s",
                          .log = "/l"};
    const auto all = qemu_command_line(system_with(two_devices), files, {});
    CHECK(has_word(all, "memory-backend-memfd,id=ram,size=256M,share=on"));
    CHECK(has_word(all, "memory-backend=ram"));
    CHECK(has_word(all, "socket,id=far0-socket,path=/s,,s/far0"));
    CHECK(has_word(all, "vhost-user-blk,id=far0,bus=virtio-mmio-bus.0,chardev=far0-socket"));
    CHECK(has_word(all, "vhost-user,id=far1-peer,chardev=far1-socket"));
    CHECK(has_word(all, "virtio-net-device,id=far1,bus=virtio-mmio-bus.0,netdev=far1-peer"));
    CHECK_FALSE(has_word(qemu_command_line(system_with(""), files, {}), "memory-backend=ram"));
}

TEST_CASE("the frames of a network device go to a program's socket")
{
    auto system = system_with("[device.nic0]\ntype = \"virtio-net\"\nbackend = \"stream\"\n");
    const QemuFiles files{.kernel = "/k",
                          .archive = "/a",
                          .directory = "/d",
                          .qmp_socket = "/q",
                          .sockets = "/s,s",
                          .log = "/l"};
    const auto all = qemu_command_line(system, files, {});
    CHECK(has_word(all, "stream,id=nic0-peer,server=off,addr.type=unix,addr.path=/s,,s/nic0"));
    CHECK(has_word(all, "virtio-net-device,id=nic0,bus=virtio-mmio-bus.0,netdev=nic0-peer"));
    CHECK_FALSE(has_word(all, "memory-backend=ram"));
    CHECK(refusal([&] { choose_backends(system, {}); }) == 120);
    CHECK(refusal([&] { choose_backends(system, {"nic0=peer"}); }) == 0);
    CHECK_THAT(errors_in(system_text("[device.keys]\ntype = \"virtio-keyboard\"\n"
                                     "backend = \"stream\"\n")),
               Contains("a virtio-keyboard has no stream back end"));
}

TEST_CASE("a console talks with a program at a socket, or else into a file")
{
    const std::string console = "[device.con1]\ntype = \"virtio-console\"\n";
    const QemuFiles files{.kernel = "/k",
                          .archive = "/a",
                          .directory = "/d,d",
                          .qmp_socket = "/q",
                          .sockets = "/s,s",
                          .log = "/l"};
    const auto alone = system_with(console);
    const auto into_file = qemu_command_line(alone, files, {});
    CHECK(has_word(into_file, "virtio-serial-device,id=con1,bus=virtio-mmio-bus.0"));
    CHECK(has_word(into_file, "virtconsole,id=con1-port,bus=con1.0,chardev=con1-line"));
    CHECK(has_word(into_file, "file,id=con1-line,path=/d,,d/con1.txt"));
    auto copy = alone;
    CHECK(refusal([&] { choose_backends(copy, {"con1=peer"}); }) == 120);

    auto far = system_with(console + "backend = \"stream\"\n");
    const auto to_program = qemu_command_line(far, files, {});
    CHECK(has_word(to_program, "socket,id=con1-line,path=/s,,s/con1"));
    CHECK(has_word(to_program, "virtconsole,id=con1-port,bus=con1.0,chardev=con1-line"));
    CHECK(refusal([&] { choose_backends(far, {}); }) == 120);
    CHECK(refusal([&] { choose_backends(far, {"con1=peer"}); }) == 0);
}

TEST_CASE("a console takes no keys of other devices")
{
    const auto with = [](const std::string& line) {
        return errors_in(system_text("[device.con1]\ntype = \"virtio-console\"\n" + line));
    };
    CHECK(with("qemu = { max_ports = 1 }\nslot = 9\n").empty());
    CHECK_THAT(with("backend = \"vhost-user\"\n"), Contains("has no vhost-user back end"));
    CHECK_THAT(with("backend = \"file\"\n"), Contains("'backend' of [device.con1]"));
    CHECK_THAT(with("image = { size = \"1M\" }\n"), Contains("unknown key 'image'"));
    CHECK_THAT(with("serial = \"x\"\n"), Contains("unknown key 'serial'"));
    CHECK_THAT(with("scratch = true\n"), Contains("unknown key 'scratch'"));
}

TEST_CASE("a device that no back end can be is refused in the system file")
{
    CHECK_THAT(errors_in(system_text("[device.keys]\ntype = \"virtio-keyboard\"\n"
                                     "backend = \"vhost-user\"\n")),
               Contains("a virtio-keyboard has no vhost-user back end"));
}

TEST_CASE("a back end finds its socket as its input, and what it says and how it ends is told")
{
    const TempDir dir;
    auto system = system_with("[device.far0]\ntype = \"virtio-rng\"\nbackend = \"vhost-user\"\n");
    const auto said = [&](const std::string& command) {
        auto copy = system;
        choose_backends(copy, {"far0=" + command});
        return Backends{copy, dir.path()}.finish();
    };
    CHECK(said("sh -c 'test -S /dev/stdin'").empty());
    CHECK(fs::is_socket(dir / "far0"));
    CHECK(said("sh -c 'echo wrong >&2'") == "wrong\n");
    CHECK(said("sh -c 'exit 3'") == "the back end of 'far0' ended with 3\n");
}
