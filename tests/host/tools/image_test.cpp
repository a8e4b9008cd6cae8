// image_test.cpp - what a guest can write into an image makes it neither qcow2 nor the name of a
// file of the host.
#include "failure.hpp"
#include "fixtures.hpp"
#include "image.hpp"
#include "image_format.hpp"

#include <algorithm>
#include <chrono>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

void qemu_img(const std::vector<std::string>& arguments)
{
    std::vector<std::string> words{"qemu-img"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    REQUIRE(run_captured(words, 100s).status == 0);
}

std::string qcow2(const fs::path& file, const std::vector<std::string>& options = {})
{
    std::vector<std::string> words{"create", "-q", "-f", "qcow2"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"file:" + file.string(), "3M"});
    qemu_img(words);
    return file.string();
}

std::string refusal(const FileImage& wanted)
{
    try {
        (void)inspect_image(wanted);
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::usage);
        return std::string{failure.what()} + "; " + failure.why() + "; " + failure.fix();
    }
    FAIL("accepted");
    return "";
}

ImageFormat format_found(const FileImage& wanted)
{
    return inspect_image(wanted).image.format.value();
}

std::vector<u8> header(const std::string& start, usize at = 0)
{
    std::vector<u8> bytes(image_head_bytes);
    std::ranges::copy(start, bytes.begin() + static_cast<i64>(at));
    return bytes;
}

// Whole sectors, so that it may be raw as well.
std::string whole(const std::string& file)
{
    fs::resize_file(file, u64{1} << 20);
    return file;
}

const std::string qcow2_magic{"QFI\xfb", 4};

}  // namespace

TEST_CASE("an image is qcow2 by its name or by the user's word, never by its bytes")
{
    const TempDir dir;
    const auto named = whole(qcow2(dir / "a,b.qcow2"));
    const auto unnamed = whole(qcow2(dir / "a,b.img"));
    CHECK(format_found({.path = named}) == ImageFormat::qcow2);
    CHECK(format_found({.path = unnamed}) == ImageFormat::raw);
    CHECK(format_found({.path = unnamed, .format = ImageFormat::qcow2}) == ImageFormat::qcow2);
    CHECK(format_found({.path = named, .format = ImageFormat::raw}) == ImageFormat::raw);
}

TEST_CASE("an image that looks like another format is attached as raw with a note")
{
    const TempDir dir;
    const auto file = whole(qcow2(dir / "d.img"));
    CHECK(inspect_image({.path = file}).note
          == file + " is attached as raw, and begins as qcow2 does; " + file
                 + ",raw or ,qcow2 says that this is right");
    CHECK(inspect_image({.path = file, .format = ImageFormat::raw}).note.empty());
    CHECK(inspect_image({.path = file, .format = ImageFormat::qcow2}).note.empty());
    make_sparse(dir / "zeroes", 512);
    CHECK(inspect_image({.path = (dir / "zeroes").string()}).note.empty());
    qemu_img({"create", "-q", "-f", "vmdk", (dir / "d.vmdk").string(), "1M"});
    qemu_img({"create", "-q", "-f", "vdi", (dir / "d.vdi").string(), "1M"});
    qemu_img({"create", "-q", "-f", "vpc", (dir / "d.vhd").string(), "1M"});
    CHECK_THAT(inspect_image({.path = (dir / "d.vmdk").string()}).note, Contains("as VMDK does"));
    CHECK_THAT(inspect_image({.path = (dir / "d.vdi").string()}).note, Contains("as VDI does"));
    CHECK_THAT(inspect_image({.path = (dir / "d.vhd").string()}).note, Contains("as VHD does"));
}

TEST_CASE("an image of no whole sectors that looks like another format may be one")
{
    const TempDir dir;
    const auto file = qcow2(dir / "d.img");
    fs::resize_file(file, 196616);
    CHECK_THAT(refusal({.path = file}),
               Contains("not a multiple of 512") && Contains(file + ",qcow2 attaches it as qcow2"));
    write_file(dir / "d.gz", std::string_view{"\x1f\x8b\x08 and so on"});
    CHECK_THAT(refusal({.path = (dir / "d.gz").string()}),
               Contains("looks like gzip") && !Contains("truncate"));
}

TEST_CASE("a qcow2 image that needs another file of the host is refused")
{
    const TempDir dir;
    make_sparse(dir / "secret", 4096);
    const auto overlay =
        qcow2(dir / "overlay.qcow2", {"-F", "raw", "-b", (dir / "secret").string()});
    CHECK_THAT(refusal({.path = overlay}), Contains("it has a backing file"));
    const auto old = qcow2(dir / "old.qcow2",
                           {"-o", "compat=0.10", "-F", "raw", "-b", (dir / "secret").string()});
    CHECK_THAT(refusal({.path = old}), Contains("it has a backing file"));
    const auto split = qcow2(dir / "split.qcow2", {"-o", "data_file=" + (dir / "data").string()});
    CHECK_THAT(refusal({.path = split}), Contains("its data is in an external file"));
    CHECK_THAT(refusal({.path = split}), Contains("qemu-img convert"));
    CHECK(format_found({.path = qcow2(dir / "v2.qcow2", {"-o", "compat=0.10"})})
          == ImageFormat::qcow2);
}

TEST_CASE("what is said to be qcow2 and is not is refused, without a hint for raw images")
{
    const TempDir dir;
    make_sparse(dir / "raw.qcow2", 1000);
    const auto raw = refusal({.path = (dir / "raw.qcow2").string()});
    CHECK_THAT(raw, Contains("cannot use the qcow2 image") && Contains("raw.qcow2,raw"));
    const auto bytes = header(qcow2_magic + std::string{"\0\0\0\3", 4});
    write_file(dir / "broken.qcow2", std::span{bytes});
    CHECK_THAT(refusal({.path = (dir / "broken.qcow2").string()}),
               Contains("cannot use the qcow2 image") && !Contains("truncate"));
    const auto empty = dir / "empty.qcow2";
    qemu_img({"create", "-q", "-f", "qcow2", empty.string(), "0"});
    CHECK_THAT(refusal({.path = empty.string()}),
               Contains("is empty") && Contains("qemu-img resize") && !Contains("truncate"));
}

TEST_CASE("every magic number is known in its place only")
{
    CHECK(format_seen(header(qcow2_magic)) == "qcow2");
    CHECK(format_seen(header(qcow2_magic, 1)).empty());
    CHECK(format_seen(header("\x7f\x10\xda\xbe", 64)) == "VDI");
    CHECK(format_seen(header("\x7f\x10\xda\xbe")).empty());
    CHECK(format_seen(header("vhdxfile")) == "VHDX");
    CHECK(format_seen(header("# Disk DescriptorFile\n")) == "VMDK");
    CHECK(format_seen(header("COWD")) == "VMDK");
    CHECK(format_seen(header(std::string{"QED\0", 4})) == "QED");
    CHECK(format_seen({}).empty());
    CHECK(format_seen(std::vector<u8>{'Q', 'F', 'I'}).empty());
}

TEST_CASE("a header of qcow2 is read as far as it goes")
{
    const auto of = [](char version, const std::string& bytes = "", usize at = 8) {
        auto head = header(qcow2_magic + std::string{"\0\0\0", 3} + version);
        std::ranges::copy(bytes, head.begin() + static_cast<i64>(at));
        return qcow2_references(head);
    };
    for (const char version : {'\0', '\1', '\4'})
        CHECK_FALSE(of(version));
    for (const char version : {'\2', '\3'}) {
        REQUIRE(of(version));
        CHECK_FALSE(of(version)->backing_file);
        CHECK_FALSE(of(version)->data_file);
        CHECK(of(version, "\x01", 8)->backing_file);
        CHECK(of(version, "\x01", 15)->backing_file);
        CHECK_FALSE(of(version, "\x01", 16)->backing_file);
    }
    CHECK(of('\3', "\x04", 79)->data_file);
    CHECK_FALSE(of('\2', "\x04", 79)->data_file);
    CHECK_FALSE(of('\3', "\x03", 79)->data_file);
    auto shorter = header(qcow2_magic + std::string{"\0\0\0\3", 4});
    shorter.resize(79);
    CHECK_FALSE(qcow2_references(shorter));
}
