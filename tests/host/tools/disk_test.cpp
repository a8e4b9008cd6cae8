// disk_test.cpp - which files can stand behind a disk.
#include "disk.hpp"
#include "failure.hpp"
#include "fixtures.hpp"
#include "image.hpp"

#include <functional>

#include <catch2/catch.hpp>
#include <sys/stat.h>

using namespace vireo;
using namespace vireo::test;
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

TEST_CASE("a disk argument has a name, a file, and perhaps options at its end")
{
    const auto plain = parse_disk("disk0=a=b,c.img");
    CHECK(plain.name == "disk0");
    CHECK(plain.image.path == "a=b,c.img");
    CHECK_FALSE(plain.image.read_only);
    CHECK_FALSE(plain.image.format);
    for (const std::string wrong : {"", "disk0", "=x", "disk0=", "disk0=,ro", "disk0=,raw,ro"})
        CHECK(refusal([&] { (void)parse_disk(wrong); }).code == 120);
}

TEST_CASE("a word that is given already belongs to the file's name")
{
    const auto check = [](const std::string& text, const std::string& path, bool read_only,
                          std::optional<ImageFormat> format) {
        const auto image = parse_disk("d=" + text).image;
        CHECK(image.path == path);
        CHECK(image.read_only == read_only);
        CHECK(image.format == format);
    };
    check("x,ro", "x", true, {});
    check("x,rw", "x", false, {});
    check("x,raw", "x", false, ImageFormat::raw);
    check("x,qcow2", "x", false, ImageFormat::qcow2);
    check("x,ro,qcow2", "x", true, ImageFormat::qcow2);
    check("x,qcow2,ro", "x", true, ImageFormat::qcow2);
    check("x,ro,rw", "x,ro", false, {});
    check("x,ro,ro", "x,ro", true, {});
    check("x,ro,raw,rw", "x,ro", false, ImageFormat::raw);
    check("x,raw,raw", "x,raw", false, ImageFormat::raw);
    check("x,ro,y", "x,ro,y", false, {});
    check("x,readonly", "x,readonly", false, {});
}

TEST_CASE("an option that does not exist is said to be none, if the file without it exists")
{
    const TempDir dir;
    const auto wrong = image(dir, "d.img", 512) + ",readonly";
    const auto refused = refusal([&] { (void)inspect_image({.path = wrong}); });
    CHECK(refused.code == 121);
    CHECK_THAT(refused.text, Contains("options of an image are ,ro ,rw ,raw and ,qcow2"));
}

TEST_CASE("a raw image of whole sectors can be used, even of one")
{
    const TempDir dir;
    const auto found = inspect_image({.path = image(dir, "one", 512)}).image;
    CHECK(found.format == ImageFormat::raw);
    CHECK(found.path == (dir / "one").string());
    CHECK_FALSE(found.read_only);
    const auto large = image(dir, "large", u64{5} << 30);
    CHECK(inspect_image({.path = large, .read_only = true}).image.read_only);
}

TEST_CASE("an image that is empty or has a broken sector at its end is a usage error")
{
    const TempDir dir;
    for (const u64 bytes : {1u, 256u, 511u, 513u, 768u, 1000u, 1280u, 4352u}) {
        const auto odd = refusal([&] { (void)inspect_image({.path = image(dir, "odd", bytes)}); });
        CHECK(odd.code == 120);
        CHECK_THAT(odd.text,
                   Contains("has " + std::to_string(bytes) + " bytes, not a multiple of 512")
                       && Contains("truncate -s %512"));
    }
    CHECK(refusal([&] { (void)inspect_image({.path = image(dir, "empty", 0)}); }).code == 120);
    CHECK(refusal([&] { (void)inspect_image({.path = dir.path().string()}); }).code == 120);
}

TEST_CASE("an image that is not there is an error of the environment")
{
    const auto missing = refusal([] { (void)inspect_image({.path = "/nowhere/x.img"}); });
    CHECK(missing.code == 121);
    CHECK_THAT(missing.text, Contains("No such file"));
    CHECK_THAT(missing.text, !Contains("truncate"));  // it would not help where no directory is

    const TempDir dir;
    const auto file = (dir / "a b.img").string();
    const auto here = refusal([&] { (void)inspect_image({.path = file}); });
    CHECK(here.code == 121);
    CHECK_THAT(here.text, Contains("truncate -s 64M '" + file + "' makes an empty disk"));
}

TEST_CASE("what is no regular file is refused with a way to a disk")
{
    const TempDir dir;
    for (const auto& file : {dir.path().string(), std::string{"/dev/null"}}) {
        const auto refused = refusal([&] { (void)inspect_image({.path = file}); });
        CHECK(refused.code == 120);
        CHECK_THAT(refused.text, Contains("not a regular file") && Contains("truncate -s 64M"));
    }
}

TEST_CASE("a file without any write bit is read-only, for root too")
{
    const TempDir dir;
    const auto file = image(dir, "ro", 512);
    ::chmod(file.c_str(), 0444);
    CHECK(inspect_image({.path = file}).image.read_only);
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
