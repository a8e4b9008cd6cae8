// disk_test.cpp - which files can stand behind a disk.
#include "disk.hpp"
#include "failure.hpp"
#include "fixtures.hpp"

#include <chrono>
#include <functional>

#include <catch2/catch.hpp>
#include <sys/stat.h>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

struct Refusal {
    int code = 0;
    std::string text;
};

Refusal refusal(const std::function<void()>& action)
{
    try {
        action();
        return {};
    } catch (const Failure& failure) {
        return {code(failure.exit()),
                std::string{failure.what()} + "; " + failure.why() + "; " + failure.fix()};
    }
}

std::string image(const TempDir& dir, const std::string& name, u64 bytes)
{
    make_sparse(dir / name, bytes);
    return (dir / name).string();
}

}  // namespace

TEST_CASE("a disk argument has a name, a file, and perhaps ,ro at its end")
{
    const auto plain = parse_disk("disk0=a=b,c.img");
    CHECK(plain.name == "disk0");
    CHECK(plain.file == "a=b,c.img");
    CHECK_FALSE(plain.read_only);
    CHECK(parse_disk("d=x,ro").read_only);
    CHECK(parse_disk("d=x,ro").file == "x");
    CHECK_FALSE(parse_disk("d=x,ro,rw").read_only);
    CHECK(parse_disk("d=x,ro,rw").file == "x,ro");
    for (const std::string wrong : {"", "disk0", "=x", "disk0=", "disk0=,ro"})
        CHECK(refusal([&] { (void)parse_disk(wrong); }).code == 120);
}

TEST_CASE("a raw image of whole sectors can be used, even of one")
{
    const TempDir dir;
    const auto found = inspect_image(image(dir, "one", 512), false);
    CHECK(found.format == ImageFormat::raw);
    CHECK(found.path == (dir / "one").string());
    CHECK_FALSE(found.read_only);
    CHECK(inspect_image(image(dir, "large", u64{5} << 30), true).read_only);
}

TEST_CASE("an image that is empty or has a broken sector at its end is a usage error")
{
    const TempDir dir;
    const auto odd = refusal([&] { (void)inspect_image(image(dir, "odd", 1000), false); });
    CHECK(odd.code == 120);
    CHECK_THAT(odd.text, Contains("has 1000 bytes, not a multiple of 512"));
    CHECK(refusal([&] { (void)inspect_image(image(dir, "empty", 0), false); }).code == 120);
    CHECK(refusal([&] { (void)inspect_image(dir.path().string(), false); }).code == 120);
}

TEST_CASE("an image that is not there is an error of the environment")
{
    const auto missing = refusal([] { (void)inspect_image("/nowhere/x.img", false); });
    CHECK(missing.code == 121);
    CHECK_THAT(missing.text, Contains("No such file"));
    CHECK_THAT(missing.text, !Contains("truncate"));  // it would not help where no directory is

    const TempDir dir;
    const auto file = (dir / "a b.img").string();
    const auto here = refusal([&] { (void)inspect_image(file, false); });
    CHECK(here.code == 121);
    CHECK_THAT(here.text, Contains("truncate -s 64M '" + file + "' makes an empty disk"));
}

TEST_CASE("what is no regular file is refused with a way to a disk")
{
    const TempDir dir;
    for (const auto& file : {dir.path().string(), std::string{"/dev/null"}}) {
        const auto refused = refusal([&] { (void)inspect_image(file, false); });
        CHECK(refused.code == 120);
        CHECK_THAT(refused.text, Contains("not a regular file") && Contains("truncate -s 64M"));
    }
}

TEST_CASE("a file without any write bit is read-only, for root too")
{
    const TempDir dir;
    const auto file = image(dir, "ro", 512);
    ::chmod(file.c_str(), 0444);
    CHECK(inspect_image(file, false).read_only);
}

TEST_CASE("a qcow2 image is known by its magic, and its size is the virtual one")
{
    const TempDir dir;
    const auto file = (dir / "a,b.img").string();
    REQUIRE(
        run_captured({"qemu-img", "create", "-q", "-f", "qcow2", "file:" + file, "3M"}, 20s).status
        == 0);
    CHECK(inspect_image(file, false).format == ImageFormat::qcow2);
    write_file(dir / "broken",
               std::string{"QFI\xfb not really, and made long enough to look like something"});
    const auto broken = refusal([&] { (void)inspect_image((dir / "broken").string(), false); });
    CHECK(broken.code == 120);
    CHECK_THAT(broken.text, Contains("cannot use the qcow2 image"));
}

TEST_CASE("the user's image replaces a disk, but never a scratch disk")
{
    const TempDir dir;
    const auto file = image(dir, "d.img", 1024);
    auto system = parse_system(system_text(), "x.toml");
    replace_disks(system, {"disk0=" + file + ",ro"});
    CHECK(std::get<FileImage>(system.devices[0].image).path == file);
    CHECK(std::get<FileImage>(system.devices[0].image).read_only);

    const auto wrong = [&](const std::vector<std::string>& arguments) {
        return refusal([&] { replace_disks(system, arguments); });
    };
    CHECK(wrong({"scratch0=" + file}).code == 120);
    CHECK_THAT(wrong({"scratch0=" + file}).text, Contains("no file of yours may stand behind it"));
    CHECK_THAT(wrong({"dsik0=" + file}).text, Contains("did you mean 'disk0'?"));
    CHECK_THAT(wrong({"rng0=" + file}).text, Contains("has no disk 'rng0'"));
    CHECK_THAT(wrong({"disk0=" + file, "disk0=" + file}).text, Contains("twice"));
}
