// tests/host/microkernel/device_tree_hostile_test.cpp - blobs that are broken on purpose. Each lies
// alone in a heap block of its own size, so the sanitizer sees every byte read outside.
#include "boot/device_tree.hpp"
#include "boot/tree.hpp"
#include "machine_rules.hpp"
#include "tree_editor.hpp"

#include <random>

#include <catch2/catch.hpp>

using Bytestring = std::vector<std::byte>;

namespace {

// Offsets of the header's words.
enum Word : usize {
    magic = 0,
    total = 4,
    structure = 8,
    strings = 12,
    reservations = 16,
    version = 20,
    oldest = 24,
    strings_bytes = 32,
    structure_bytes = 36,
    header = 40
};

constexpr std::string_view reg_name{"reg\0", 4};  // with its zero byte

u32 word(const Bytestring& blob, usize at) { return kernel::big_endian_32(blob, at); }

void put(Bytestring& blob, usize at, u32 value)
{
    for (usize i = 0; i < 4; ++i)
        blob[at + i] = std::byte{static_cast<u8>(value >> (24 - 8 * i))};
}

Errc verdict(const Bytestring& blob)
{
    const auto machine = kernel::describe(blob);
    if (!machine)
        return machine.error();
    const char* const broken = broken_rule(*machine, blob);
    if (broken != nullptr)
        FAIL(broken);
    return Errc::ok;
}

// A tree by its tokens, for what libfdt would not write.
class RawTree {
public:
    RawTree& begin(std::string_view name)
    {
        cell(1);
        text(name);
        return *this;
    }
    RawTree& property(u32 length, u32 name_offset)
    {
        cell(3);
        cell(length);
        cell(name_offset);
        return *this;
    }
    RawTree& cell(u32 value)
    {
        structure_.resize(structure_.size() + 4);
        put(structure_, structure_.size() - 4, value);
        return *this;
    }
    RawTree& end_node() { return cell(2); }
    RawTree& end() { return cell(9); }
    RawTree& strings(std::string_view bytes)
    {
        const auto raw = std::as_bytes(std::span{bytes});
        strings_.assign(raw.begin(), raw.end());
        return *this;
    }

    // Strings last: an unterminated one ends with the blob.
    Bytestring blob() const
    {
        Bytestring out(header + 16);
        put(out, Word::magic, 0xd00d'feed);
        put(out, Word::structure, static_cast<u32>(out.size()));
        put(out, Word::reservations, header);
        put(out, Word::version, 17);
        put(out, Word::oldest, 16);
        put(out, Word::structure_bytes, static_cast<u32>(structure_.size()));
        out.insert(out.end(), structure_.begin(), structure_.end());
        put(out, Word::strings, static_cast<u32>(out.size()));
        put(out, Word::strings_bytes, static_cast<u32>(strings_.size()));
        out.insert(out.end(), strings_.begin(), strings_.end());
        put(out, Word::total, static_cast<u32>(out.size()));
        return out;
    }

private:
    void text(std::string_view bytes)
    {
        for (const char c : bytes)
            structure_.push_back(static_cast<std::byte>(c));
        structure_.resize((structure_.size() + 4) / 4 * 4);
    }

    Bytestring structure_;
    Bytestring strings_;
};

}  // namespace

TEST_CASE("a tree cut off anywhere is malformed", "[microkernel][device_tree][hostile]")
{
    const auto whole = small_machine().blob();
    for (usize length = 0; length < whole.size(); ++length) {
        const Bytestring cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        if (verdict(cut) != Errc::malformed)
            FAIL("accepted " << length << " of " << whole.size() << " bytes");
    }
}

TEST_CASE("a tree cut off anywhere that says so is malformed",
          "[microkernel][device_tree][hostile]")
{
    const auto whole = small_machine().blob();
    for (u32 length = header; length < whole.size(); ++length) {
        Bytestring cut(whole.begin(), whole.begin() + length);
        put(cut, Word::total, length);
        if (verdict(cut) != Errc::malformed)
            FAIL("accepted " << length << " of " << whole.size() << " bytes");
    }
}

TEST_CASE("a structure block cut off anywhere is malformed", "[microkernel][device_tree][hostile]")
{
    const auto whole = small_machine().blob();
    for (u32 length = 0; length < word(whole, Word::structure_bytes); ++length) {
        auto cut = whole;
        put(cut, Word::structure_bytes, length);
        if (verdict(cut) != Errc::malformed)
            FAIL("accepted " << length << " bytes of structure");
    }
}

TEST_CASE("a strings block that lacks a name that is used is malformed",
          "[microkernel][device_tree][hostile]")
{
    const auto whole = small_machine().blob();
    for (u32 length = 0; length < word(whole, Word::strings_bytes); ++length) {
        auto cut = whole;
        put(cut, Word::strings_bytes, length);
        if (verdict(cut) != Errc::malformed)
            FAIL("accepted " << length << " bytes of strings");
    }
}

TEST_CASE("no flipped bit of the header does harm", "[microkernel][device_tree][hostile]")
{
    const auto whole = small_machine().blob();
    for (usize flip = 0; flip < header * 8; ++flip) {
        auto bent = whole;
        bent[flip / 8] ^= std::byte{1} << (flip % 8);
        const Errc seen = verdict(bent);
        if (flip / 8 < Word::total)
            CHECK(seen == Errc::malformed);
    }
}

TEST_CASE("no header word does harm, whatever it is", "[microkernel][device_tree][hostile]")
{
    const auto whole = small_machine().blob();
    const auto size = static_cast<u32>(whole.size());
    for (usize at = 4; at < header; at += 4)
        for (const u32 value :
             {0U, 1U, 3U, 4U, 39U, 40U, 41U, size - 8, size - 4, size - 1, size, size + 1,
              0x7fff'ffffU, 0x8000'0000U, 0xffff'fff8U, 0xffff'fffcU, ~0U}) {
            auto bent = whole;
            put(bent, at, value);
            (void)verdict(bent);
        }
}

TEST_CASE("blocks that are not aligned are malformed", "[microkernel][device_tree][hostile]")
{
    // The very same tree, from that block on moved by a piece of a cell: only the alignment is
    // wrong.
    auto blob = small_machine().blob();
    const auto [block, shift, expected] = GENERATE(table<Word, u32, Errc>({
        {Word::structure, 2, Errc::malformed},
        {Word::structure, 4, Errc::ok},
        {Word::reservations, 4, Errc::malformed},
        {Word::reservations, 8, Errc::ok},
    }));
    const u32 from = word(blob, block);
    blob.insert(blob.begin() + from, shift, std::byte{0});
    for (const usize at : {Word::total, Word::structure, Word::strings, Word::reservations})
        if (word(blob, at) >= from)
            put(blob, at, word(blob, at) + shift);
    CHECK(verdict(blob) == expected);
}

TEST_CASE("versions that read differently are refused", "[microkernel][device_tree][hostile]")
{
    auto blob = small_machine().blob();
    SECTION("16 has no size of the structure block") { put(blob, Word::version, 16); }
    SECTION("a later one that 17 cannot read") { put(blob, Word::oldest, 18); }
    CHECK(verdict(blob) == Errc::malformed);
}

TEST_CASE("a later version that 17 can read is read", "[microkernel][device_tree]")
{
    auto blob = small_machine().blob();
    put(blob, Word::version, 18);
    put(blob, Word::oldest, 17);
    CHECK(verdict(blob) == Errc::ok);
}

TEST_CASE("no flipped bits or bytes anywhere do harm", "[microkernel][device_tree][hostile]")
{
    const auto whole = small_machine().blob();
    std::mt19937_64 random{1};
    usize accepted = 0;
    for (int trial = 0; trial < 20'000; ++trial) {
        auto bent = whole;
        for (u64 count = random() % 4 + 1; count != 0; --count) {
            auto& byte = bent[random() % bent.size()];
            byte = random() % 2 == 0 ? byte ^ (std::byte{1} << (random() % 8))
                                     : static_cast<std::byte>(random());
        }
        accepted += verdict(bent) == Errc::ok ? 1 : 0;
    }
    CHECK(accepted
          > 0);  // harmless changes exist: else the trees above are refused for another reason
    CHECK(accepted < 20'000);
}

TEST_CASE("no cell of the structure does harm, whatever it is",
          "[microkernel][device_tree][hostile]")
{
    const auto whole = small_machine().blob();
    const usize first = word(whole, Word::structure);
    for (usize at = first; at < first + word(whole, Word::structure_bytes); at += 4)
        for (const u32 value : {0U, 1U, 2U, 3U, 4U, 9U, 0x7fff'ffffU, 0x8000'0000U, 0xffff'fff0U,
                                0xffff'fffcU, ~0U}) {
            auto bent = whole;
            put(bent, at, value);
            (void)verdict(bent);
        }
}

TEST_CASE("trees nested deeper than the bound are malformed", "[microkernel][device_tree][hostile]")
{
    auto tree = small_machine();
    std::string path;
    for (int depth = 2; depth <= 16; ++depth)  // the root is the first
        path += "/deep";
    tree.cells(path, "reg", {0});
    CHECK(verdict(tree.blob()) == Errc::ok);
    tree.cells(path + "/deeper", "reg", {0});
    CHECK(verdict(tree.blob()) == Errc::malformed);

    RawTree bomb;
    for (int depth = 0; depth < 100'000; ++depth)
        bomb.begin("");
    CHECK(verdict(bomb.blob()) == Errc::malformed);
}

TEST_CASE("property lengths beyond the block are malformed", "[microkernel][device_tree][hostile]")
{
    const u32 length =
        GENERATE(9U, 12U, 0x7fff'ffffU, 0x8000'0000U, 0xffff'ffe0U, 0xffff'fffcU, ~0U);
    const auto blob =
        RawTree{}.begin("").property(length, 0).end_node().end().strings(reg_name).blob();
    CHECK(verdict(blob) == Errc::malformed);
}

TEST_CASE("names outside the strings block are malformed", "[microkernel][device_tree][hostile]")
{
    const u32 offset = GENERATE(4U, 5U, 0x7fff'ffffU, ~0U);
    const auto blob =
        RawTree{}.begin("").property(0, offset).end_node().end().strings(reg_name).blob();
    CHECK(verdict(blob) == Errc::malformed);
}

TEST_CASE("token sequences that are no tree are malformed", "[microkernel][device_tree][hostile]")
{
    RawTree tree;
    tree.strings(reg_name);
    SECTION("nothing") {}
    SECTION("an end at once") { tree.end(); }
    SECTION("no end") { tree.begin("").end_node(); }
    SECTION("an end inside a node") { tree.begin("").end(); }
    SECTION("more ends than nodes") { tree.begin("").end_node().end_node().end(); }
    SECTION("more ends than nodes, and then nodes")
    {
        tree.begin("").end_node().end_node().begin("").begin("").end_node().end_node().end();
    }
    SECTION("two roots") { tree.begin("").end_node().begin("").end_node().end(); }
    SECTION("a property outside") { tree.property(0, 0).begin("").end_node().end(); }
    SECTION("a property after a child")
    {
        tree.begin("").begin("a").end_node().property(0, 0).end_node().end();
    }
    SECTION("a property twice") { tree.begin("").property(0, 0).property(0, 0).end_node().end(); }
    SECTION("an unknown token") { tree.begin("").cell(5).end_node().end(); }
    SECTION("a name without an end") { tree.cell(1).cell(0x6161'6161); }
    SECTION("a property without its header") { tree.begin("").cell(3).cell(0); }
    SECTION("a string without an end")
    {
        tree.strings("reg").begin("").property(0, 0).end_node().end();
    }
    CHECK(verdict(tree.blob()) == Errc::malformed);
}

TEST_CASE("an empty tree lacks everything", "[microkernel][device_tree][hostile]")
{
    CHECK(verdict(RawTree{}.begin("").end_node().end().blob()) == Errc::not_found);
}

TEST_CASE("a megabyte of nops ends", "[microkernel][device_tree][hostile]")
{
    RawTree tree;
    tree.begin("");
    for (int n = 0; n < 262'144; ++n)
        tree.cell(4);
    CHECK(verdict(tree.blob()) == Errc::malformed);
    CHECK(verdict(tree.end_node().end().blob()) == Errc::not_found);
}

TEST_CASE("a reservation block without an end is malformed", "[microkernel][device_tree][hostile]")
{
    auto blob = small_machine().blob();
    const auto end = static_cast<u32>(blob.size());
    blob.resize((blob.size() + 7) / 8 * 8 + 16, std::byte{0x01});
    put(blob, Word::total, static_cast<u32>(blob.size()));
    put(blob, Word::reservations, (end + 7) / 8 * 8);
    CHECK(verdict(blob) == Errc::malformed);
}
