// complaints_test.cpp - what QEMU says on stderr or in its log of guest errors fails a run whose
// verdict is good.
#include <catch2/catch.hpp>
#include <cli/tool.hpp>

using namespace cli;
using Catch::Matchers::Contains;

TEST_CASE("a warning of QEMU fails a run that is good otherwise")
{
    const auto warned = vireo({"run", "--qemu-opts", "-trace no_such_event"});
    CHECK(warned.status == 125);
    CHECK_THAT(warned.out, Contains("src=kernel verdict status=0"));
    CHECK_THAT(warned.err, Contains("qemu: ") && Contains("no_such_event"));
    CHECK_THAT(warned.err, Contains("QEMU complained"));
    CHECK(warned.kept.exist());
    CHECK_THAT(warned.kept.text("qemu.stderr"), Contains("no_such_event"));

    CHECK(vireo({"run", "--qemu-opts", "-trace no_such_event", "--allow-line", "no_such_event"})
              .status
          == 0);
}

TEST_CASE("a guest error in QEMU's log fails a run that is good otherwise")
{
    const std::string system_file = SOURCE_FOLDER "/rude/rude.toml";
    const auto rude = vireo({"run", system_file});
    CHECK(rude.status == 125);
    CHECK_THAT(rude.out, Contains("src=kernel verdict status=0"));
    CHECK_THAT(rude.err, Contains("qemu: virtio_mmio_read: bad register offset"));
    CHECK_THAT(rude.err, Contains("monitor: virtio: register-map"));
    CHECK(vireo({"run", system_file, "--allow-line", "bad register offset"}).status == 125);
    CHECK(vireo({"run", system_file, "--allow-line", "bad register offset", "--no-monitor"}).status
          == 0);
}

TEST_CASE("options that QEMU does not take end with 125 and its words")
{
    const auto device = vireo({"run", "--qemu-opts", "-device no-such-device"});
    CHECK(device.status == 125);
    CHECK_THAT(device.err, Contains("'no-such-device' is not a valid device model name"));
    const auto cpu = vireo({"run", "--qemu-opts", "-cpu no-such-cpu"});
    CHECK(cpu.status == 125);
    CHECK_THAT(cpu.err, Contains("unable to find CPU model 'no-such-cpu'"));
    CHECK(vireo({"run", "--qemu", "/no/such/qemu"}).status == 121);
}
