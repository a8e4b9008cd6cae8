// monitor_test.cpp - under the real QEMU: what a wrong driver does to its device fails the run, and
// what a right one does is not held against it.
#include <fstream>

#include <catch2/catch.hpp>
#include <cli/tool.hpp>

using namespace cli;
using Catch::Matchers::Contains;

namespace {

const std::string to_driver = "r0 r4 r8 w70=0 r70 w70=1 w70=3";
const std::string to_features = to_driver + " w14=0 r10 w14=1 r10 w24=0 w20=0 w24=1 w20=1";
const std::string to_agreed = to_features + " w70=b r70";
const std::string to_legacy = to_driver + " w28=1000 w14=0 r10";

// A run in which the driver of an entropy device does this.
Ran driven(const std::string& script, const Words& more = {})
{
    const TempDir dir;
    const auto file = dir / "driven.toml";
    std::ofstream{file} << "[system]\nname = \"driven\"\n\n[device.rng0]\ntype = \"virtio-rng\"\n\n"
                           "[server.rng0]\nbinary = \"test_scripted\"\ndevice = \"rng0\"\n"
                           "arguments = [\""
                               + script
                               + "\"]\n\n[app.ending]\nbinary = \"test_ending\"\n"
                                 "arguments = [\"status 0\"]\nverdict = true\n";
    return vireo(Words{"run", file.string()} + more);
}

struct Wrong {
    std::string rule;
    std::string script;
    Words slots{};
};

}  // namespace

TEST_CASE("a driver that breaks a rule fails a run that is good otherwise", "[machine]")
{
    const auto [rule, script, slots] = GENERATE(values<Wrong>({
        {"status-order", to_features + " w70=7"},
        {"features-ok-read", to_features + " w70=b w70=f"},
        {"features-frozen", to_agreed + " w20=0"},
        {"features-version-1", to_driver + " w14=1 r10 w24=1 w20=0 w70=b"},
        {"notify-early", to_agreed + " w50=0"},
        {"notify-queue", to_agreed + " w70=f w50=0"},
        {"queue-early", to_driver + " w30=0 r34"},
        {"queue-missing", to_agreed + " w30=0 w38=8"},
        {"interrupt-ack", to_agreed + " w70=f w64=1"},
        {"config-field", to_agreed + " r100/1"},
        {"reset-first", "r0 r4 r8 w70=1"},
        {"failed", to_agreed + " w70=8b w70=8f"},
        {"status-clear", to_agreed + " w70=3"},
        {"notify-early", to_legacy + " w50=0", {"--legacy"}},
        {"page-size", to_driver + " w30=0 r40 r34 w38=8 w3c=1000 w40=40048000", {"--legacy"}},
    }));
    const auto wrong = driven(script, slots);
    CHECK(wrong.status == 125);
    CHECK_THAT(wrong.out, Contains("src=kernel verdict status=0"));
    CHECK_THAT(wrong.err, Contains("monitor: virtio: " + rule + " (virtio 1.2, "));
    CHECK_THAT(wrong.err, Contains("vireo: error: a driver broke the virtio specification"));
    CHECK(lines_with(wrong.err, "monitor: ").size() == 1);
    CHECK(lines_with(wrong.err, "qemu: ").empty());
}

TEST_CASE("a driver that breaks no rule passes", "[machine]")
{
    CHECK(driven(to_agreed + " w30=0 r44 r34 w70=f r60 w70=8f w70=0 r70").status == 0);
    CHECK(driven(to_legacy + " w24=0 w20=8000000 w70=7 r60", {"--legacy"}).status == 0);
}

TEST_CASE("a rule can be excused by its line, and the monitor left out", "[machine]")
{
    const auto script = to_agreed + " w50=0";
    CHECK(driven(script, {"--allow-line", "^virtio: notify-early "}).status == 0);
    CHECK(driven(script, {"--allow-line", "^virtio: status-order "}).status == 125);
    CHECK(driven(script, {"--no-monitor"}).status == 0);
}
